"""Make this machine ready: system packages, the virtual environment, the translations.

    python3 scripts/prepare.py run     what running needs
    python3 scripts/prepare.py test    that and what the tests need

Does nothing twice. Missing system packages are installed with apt-get where that is allowed (root on Debian or Ubuntu);
elsewhere the script names them and stops. Standard library only, and written for old interpreters too, so that they can
say what is wrong with them.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
LOCKS = {"run": ["requirements.txt"], "test": ["requirements.txt", "requirements-dev.txt"]}
OLDEST = (3, 11)
NOTO_FOLDERS = ("/usr/share/fonts/opentype/noto", "/usr/share/fonts/noto-cjk", "/usr/share/fonts/google-noto-cjk")
JARS = Path("/usr/share/java")
CHECKER = {
    "preflight.jar": "libpdfbox2-java",
    "fontbox2.jar": "libfontbox2-java",
    "commons-logging.jar": "libcommons-logging-java",
    "commons-io.jar": "libcommons-io-java",
    "jaxb-api.jar": "libjaxb-api-java",
    "javax.activation.jar": "libactivation-java",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(purpose):
    python = find_python()
    packages = missing_packages(purpose, python)
    if packages:
        install_packages(packages)
        packages = missing_packages(purpose, python)
        if packages:
            stop("Still missing after the installation: " + " ".join(packages))
    if not venv_works():
        run([python, "-m", "venv", "--clear", VENV], "The virtual environment could not be made.")
    install_requirements(purpose)
    compile_translations()
    if purpose == "test" and not has_browser():
        fetch_browser()


def missing_packages(purpose, python):
    """Debian's names of the packages this machine lacks."""
    missing = [
        package
        for library, package in (
            ("libpango-1.0.so.0", "libpango-1.0-0"),  # WeasyPrint lays out the printed documents with Pango and HarfBuzz
            ("libpangoft2-1.0.so.0", "libpangoft2-1.0-0"),
            ("libharfbuzz-subset.so.0", "libharfbuzz-subset0"),
        )
        if not loads(library)
    ]
    if not any((Path(folder) / "NotoSansCJK-Regular.ttc").exists() for folder in NOTO_FOLDERS):
        missing.append("fonts-noto-cjk")
    if not venv_works() and not succeeds([python, "-c", "import ensurepip, venv"]):  # Debian ships neither with python3 itself
        missing.append(os.path.basename(python) + "-venv")
    if purpose == "test":
        if not shutil.which("pdftotext") or not shutil.which("pdfsig"):
            missing.append("poppler-utils")
        if not shutil.which("age"):  # packages are opened with standard tools alone, as without this program
            missing.append("age")
        if not shutil.which("java"):
            missing.append("default-jre-headless")
        missing += [package for jar, package in CHECKER.items() if not (JARS / jar).exists()]  # a second opinion on PDF/A
        # Ubuntu's package is a snap, which neither containers nor Playwright can use: Playwright fetches one of its own below.
        if not has_browser() and release().get("ID") != "ubuntu":
            missing.append("chromium")
    return missing


def install_packages(packages):
    """With apt-get, or stop and say what to install."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    is_debian = "debian" in (release().get("ID", "") + " " + release().get("ID_LIKE", ""))
    if not (is_debian and shutil.which("apt-get")):
        stop("Please install what Debian calls: " + " ".join(packages))
    if os.geteuid() != 0:
        stop("Please run this once, then the same make command again:\n\n    sudo apt-get update && sudo " + " ".join(command))
    print("Installing " + " ".join(packages), flush=True)
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    run(["apt-get", "update", "-q"], "apt-get update failed: is there a network?")
    run(command, "apt-get could not install: " + " ".join(packages))


def find_python():
    """The first interpreter that is new enough: python3, or a newer one beside it."""
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        path = shutil.which(name)
        if path and succeeds([path, "-c", f"import sys; sys.exit(sys.version_info < {OLDEST})"]):
            return path
    stop(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, and this machine has {sys.version.split()[0]}.")


def venv_works():
    return VENV_PYTHON.exists() and succeeds([VENV_PYTHON, "-c", "import pip"])


def install_requirements(purpose):
    """Install the lock unless exactly this lock was installed last; the test lock contains the other one."""
    wanted = {name: stamp(LOCKS[name]) for name in LOCKS}
    stamps = {name: VENV / (".installed-" + name) for name in LOCKS}
    if stamps[purpose].exists() and stamps[purpose].read_text() == wanted[purpose]:
        return
    print("Installing the Python packages of " + LOCKS[purpose][-1], flush=True)
    run(
        [VENV_PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", ROOT / LOCKS[purpose][-1]],
        "The Python packages could not be installed: is there a network, or a pip.conf that names your mirror?",
    )
    for name in ("run", "test") if purpose == "test" else ("run",):
        stamps[name].write_text(wanted[name])


def stamp(locks):
    return hashlib.sha256(b"".join((ROOT / lock).read_bytes() for lock in locks)).hexdigest()


def compile_translations():
    """Write the .mo files beside the catalogues that changed."""
    folder = ROOT / "aftersales" / "translations"
    catalogues = list(folder.glob("*/LC_MESSAGES/*.po"))
    if all(po.with_suffix(".mo").exists() and po.with_suffix(".mo").stat().st_mtime >= po.stat().st_mtime for po in catalogues):
        return
    for domain in sorted({po.stem for po in catalogues}):
        run([VENV / "bin" / "pybabel", "-q", "compile", "-d", folder, "-D", domain], "The translations could not be compiled.")


def fetch_browser():
    """Playwright's own Chromium; as root with the libraries it needs."""
    command = [VENV_PYTHON, "-m", "playwright", "install", *(["--with-deps"] if os.geteuid() == 0 else []), "chromium"]
    run(command, "The browser for the tests could not be fetched: please install Chromium yourself.")


def loads(library):
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_browser():
    """A browser that answers: Ubuntu puts a placeholder that only says how to get the snap."""
    fetched = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    paths = [path for path in map(shutil.which, BROWSERS) if path]
    return any(succeeds([path, "--version"]) for path in paths) or any(fetched.glob("chromium*/INSTALLATION_COMPLETE"))


def release():
    """The fields of os-release, such as ID=debian; empty where there is none."""
    path = Path("/etc/os-release")
    lines = path.read_text().splitlines() if path.exists() else []
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}


def succeeds(command):
    return subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def run(command, complaint):
    if subprocess.run(list(map(str, command)), cwd=str(ROOT)).returncode != 0:
        stop(complaint)


def stop(message):
    sys.exit("\n" + message + "\n")


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["test"]):
        sys.exit(__doc__)
    main(sys.argv[1])
