"""Django's settings, made from the environment alone: see `environment.VARIABLES` for what can be set."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from tenure.config import environment

VALUES = environment.read()
PACKAGE = Path(__file__).resolve().parent.parent

TENURE_HOME: Path = VALUES["TENURE_HOME"]
TENURE_LAKE: str = VALUES["TENURE_LAKE"]
TENURE_LIMITS = environment.limits(VALUES)
TENURE_CLUSTER_MINUTES: int = VALUES["TENURE_CLUSTER_MINUTES"]
TENURE_REPORTING_CURRENCY: str = VALUES["TENURE_REPORTING_CURRENCY"]
TENURE_TIMEZONE: str = VALUES["TENURE_TIMEZONE"]
TENURE_KEEP_MONTHS: dict[str, int] = {
    "events": VALUES["TENURE_KEEP_EVENTS_MONTHS"],
    "refused_events": VALUES["TENURE_KEEP_REFUSED_MONTHS"],
}
TENURE_TRACKING_DEDUPE_DAYS: int = VALUES["TENURE_TRACKING_DEDUPE_DAYS"]
TENURE_WEBHOOKS_PRIVATE: bool = VALUES["TENURE_WEBHOOKS_PRIVATE"]
TENURE_MIRROR_SECONDS: int = VALUES["TENURE_MIRROR_SECONDS"]

TENURE_API_RATE: int = VALUES["TENURE_API_RATE"]
TENURE_UPLOAD_MB: int = VALUES["TENURE_UPLOAD_MB"]
TENURE_UPLOADS_AN_HOUR: int = VALUES["TENURE_UPLOADS_AN_HOUR"]

SECRET_KEY: str = VALUES["TENURE_SECRET_KEY"] or environment.secret_key(TENURE_HOME)
DEBUG: bool = VALUES["TENURE_DEBUG"]
ALLOWED_HOSTS: list[str] = VALUES["TENURE_ALLOWED_HOSTS"]
CSRF_TRUSTED_ORIGINS: list[str] = VALUES["TENURE_TRUSTED_ORIGINS"]

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_tasks",
    "django_tasks_db",
    "tenure.apps.workspaces",
    "tenure.apps.crm",
    "tenure.apps.subscriptions",
    "tenure.apps.behaviour",
    "tenure.apps.acquisition",
    "tenure.apps.goals",
    "tenure.apps.connectors",
    "tenure.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tenure.config.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tenure.config.middleware.member_language",
    "tenure.config.middleware.refused_methods",
    "tenure.config.middleware.wished_answer",
    "tenure.web.origin.origin",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "tenure.config.urls"
WSGI_APPLICATION = "tenure.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": environment.database(VALUES["TENURE_DATABASE_URL"], TENURE_HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default", "cluster"]}}

AUTH_USER_MODEL = "workspaces.Member"
CSRF_FAILURE_VIEW = "tenure.web.refusals.forged"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {"user_attributes": ("email", "display_name")}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
ACCOUNT_ADAPTER = "tenure.web.workspaces.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "20/5m/ip,5/5m/key", "reset_password": "10/h/ip,3/h/key"}
"""After five failed tries an address is locked out for five minutes, after twenty the place they come from."""
PASSWORD_LOGIN: bool = VALUES["TENURE_PASSWORD_LOGIN"]
OIDC_NAME: str = VALUES["TENURE_OIDC_NAME"] if VALUES["TENURE_OIDC_ISSUER"] else ""
"""What the provider is called; empty where there is none."""
SOCIALACCOUNT_ADAPTER = "tenure.web.workspaces.provider.ProviderAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": environment.oidc(VALUES)}}
MFA_ADAPTER = "tenure.web.workspaces.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Tenure"
MFA_TOTP_TOLERANCE = 1
ALLAUTH_TRUSTED_PROXY_COUNT: int = VALUES["TENURE_TRUSTED_PROXIES"]
NINJA_NUM_PROXIES: int = VALUES["TENURE_TRUSTED_PROXIES"]

MAIL: bool = bool(VALUES["TENURE_SMTP_HOST"])
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if MAIL else 'dummy'}.EmailBackend"
EMAIL_HOST: str = VALUES["TENURE_SMTP_HOST"]
EMAIL_PORT: int = VALUES["TENURE_SMTP_PORT"]
EMAIL_HOST_USER: str = VALUES["TENURE_SMTP_USER"]
EMAIL_HOST_PASSWORD: str = VALUES["TENURE_SMTP_PASSWORD"]
EMAIL_USE_TLS = VALUES["TENURE_SMTP_SECURITY"] == "starttls"
EMAIL_USE_SSL = VALUES["TENURE_SMTP_SECURITY"] == "tls"
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL: str = VALUES["TENURE_SMTP_FROM"]

LANGUAGE_CODE = {"en": "en", "zh_Hans": "zh-hans"}[VALUES["TENURE_LANGUAGE"]]
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = TENURE_TIMEZONE

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

HTTPS: bool = VALUES["TENURE_HTTPS"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and VALUES["TENURE_HSTS_SUBDOMAINS"]
SECURE_HSTS_PRELOAD = SECURE_HSTS_INCLUDE_SUBDOMAINS and VALUES["TENURE_HSTS_PRELOAD"]
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
"""Subdomains and the browsers' list are the installer's choice: see TENURE_HSTS_SUBDOMAINS and TENURE_HSTS_PRELOAD."""
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "tenure.web.uploads.HeldFileUploadHandler",
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": VALUES["TENURE_LOG_LEVEL"]},
    "loggers": {"httpx": {"level": "WARNING"}},  # it would log every address, with the tokens that some have in them
}
