"""The application: `flask --app app ...` and gunicorn find `app` here; `python app.py` serves it with its job runner."""

import gc

from aftersales import create_app

gc.disable()  # nothing that is made at the start is garbage, and looking for it takes a quarter of that
app = create_app()
gc.freeze()  # what the program is made of stays: else each full collection walks it, a third of the time of writing many records
gc.enable()

if __name__ == "__main__":
    from aftersales.serving import serve

    serve(app)
