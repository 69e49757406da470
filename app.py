"""The application: `flask --app app ...` and gunicorn find `app` here; `python app.py` serves it with its job runner."""

from aftersales import create_app

app = create_app()

if __name__ == "__main__":
    from aftersales.serving import serve

    serve(app)
