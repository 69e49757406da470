"""Settings, each from the environment or a default fit for one machine. Production refuses the defaults that are secrets."""

import os
from pathlib import Path

ROOT = Path(__file__).parent
INSTANCE = Path(os.environ.get("INSTANCE_PATH", ROOT / "instance"))


def options(name: str) -> dict[str, str]:
    """`name=value` pairs, separated by commas, out of the environment."""
    pairs = (pair.strip().partition("=") for pair in os.environ.get(name, "").split(","))
    return {key: value for key, _sign, value in pairs if key}


class Config:
    """What every installation shares."""

    COMPANY_NAME = os.environ.get("COMPANY_NAME", "示例医疗器械服务有限公司")
    COMPANY_ROLE = os.environ.get("COMPANY_ROLE", "holder")  # in reports of adverse events: holder, dealer or service_provider
    PRODUCT_NAME = {"zh": "医械售后质量系统", "en": "Aftersales Quality"}
    BASE_URL = os.environ.get("BASE_URL", "http://127.0.0.1:8000")
    INSTANCE_PATH = str(INSTANCE)
    SQLALCHEMY_DATABASE_URI = os.environ.get("DATABASE_URL", f"sqlite:///{INSTANCE / 'aftersales.db'}")
    STORE_URL = os.environ.get("STORE_URL", f"file://{INSTANCE / 'store'}")
    STORE_OPTIONS = options("STORE_OPTIONS")  # of a bucket: endpoint=…,access_key_id=…,secret_access_key=…,region=…
    SECOND_STORE_URL = os.environ.get("SECOND_STORE_URL", "")  # empty: a folder of the instance, which is no second place
    SECOND_STORE_OPTIONS = options("SECOND_STORE_OPTIONS")
    ARCHIVE_IDENTITY = os.environ.get("ARCHIVE_IDENTITY", "")  # an age identity file; empty: one is made and kept in the instance folder
    ARCHIVE_RECIPIENTS = os.environ.get("ARCHIVE_RECIPIENTS", "")  # further age public keys that open the packages, separated by commas
    FIXITY_DAYS = int(os.environ.get("FIXITY_DAYS", "90"))  # each copy is read again within so many days: a value of ours, no law's
    SECRET_KEY = os.environ.get("SECRET_KEY", "")  # empty: one is made and kept in the instance folder
    FIELD_KEYS = os.environ.get("FIELD_KEYS", "")  # of patients' data: the newest first, separated by commas; the old ones stay
    SIGNING_PKCS12 = os.environ.get("SIGNING_PKCS12", "")
    SIGNING_PASSPHRASE = os.environ.get("SIGNING_PASSPHRASE", "")
    TIMESTAMP_URL = os.environ.get("TIMESTAMP_URL", "")
    SMTP_URL = os.environ.get("SMTP_URL", "")  # smtp://user:password@host:587?from=service@example.cn
    WECOM_WEBHOOK = os.environ.get("WECOM_WEBHOOK", "")
    CONTACT_PHONE = os.environ.get("CONTACT_PHONE", "")  # hotlines on labels, public pages and reports, separated by commas
    WEBHOOK_ALLOW_PRIVATE = os.environ.get("WEBHOOK_ALLOW_PRIVATE", "") == "1"  # webhooks to addresses inside the own network
    RATELIMIT_STORAGE_URI = os.environ.get("RATELIMIT_STORAGE_URI", "memory://")  # memory counts per process
    DINGTALK_WEBHOOK = os.environ.get("DINGTALK_WEBHOOK", "")
    DINGTALK_SECRET = os.environ.get("DINGTALK_SECRET", "")  # where the robot's security is 加签

    TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))  # reverse proxies in front, whose X-Forwarded headers are believed

    SESSION_COOKIE_SAMESITE = "Lax"
    SESSION_COOKIE_SECURE = BASE_URL.startswith("https:")
    SESSION_COOKIE_HTTPONLY = True
    PERMANENT_SESSION_LIFETIME = 8 * 3600  # a day's work, however busy
    # Else a page fetched beside, which is answered late, would put back the language (or the trial of a role) that its cookie still had.
    SESSION_REFRESH_EACH_REQUEST = False
    SESSION_IDLE_SECONDS = int(os.environ.get("SESSION_IDLE_SECONDS", 2 * 3600))  # an engineer on site looks seldom
    WTF_CSRF_TIME_LIMIT = None  # as long as the session lasts
    MAX_CONTENT_LENGTH = 64 * 1024 * 1024
    MAX_FORM_MEMORY_SIZE = 4 * 1024 * 1024
    MAX_FORM_PARTS = 2000
    JWT_ACCESS_TOKEN_EXPIRES = 15 * 60
    RATELIMIT_ENABLED = os.environ.get("RATELIMIT_ENABLED", "1") != "0"
    AUTH_RATE_LIMITED = True
    AUTH_RATE_LIMIT = "10 per minute"

    APP_NAME = PRODUCT_NAME["zh"]
    AUTH_TYPE = 1
    AUTH_ROLE_ADMIN = "administrator"
    AUTH_ROLE_PUBLIC = "public"
    AUTH_USERNAME_CI = False
    BABEL_DEFAULT_LOCALE = "zh"
    BABEL_DEFAULT_TIMEZONE = "Asia/Shanghai"
    LANGUAGES = {"zh": {"flag": "", "name": "中文"}, "en": {"flag": "", "name": "English"}}
    FAB_CREATE_DB = False  # Alembic owns the schema
    FAB_UPDATE_PERMS = False  # security/grants.py writes permissions, once
    FAB_ADD_MENU_API = False
    FAB_API_SWAGGER_UI = False
    FAB_BASE_TEMPLATE = "appbuilder/baselayout.html"


class Testing(Config):
    TESTING = True
    SECRET_KEY = "only for tests, never in an installation"
    RATELIMIT_ENABLED = False
    WTF_CSRF_ENABLED = False
    # The tests walk all record types again and again: a cache for the statements of a few only would compile each one each time.
    SQLALCHEMY_ENGINE_OPTIONS = {"query_cache_size": 1_500}  # each takes some 170 KB
