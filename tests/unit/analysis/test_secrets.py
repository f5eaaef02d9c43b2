from __future__ import annotations

import base64
import json

import pytest

from jettison.analysis.secrets import MAX_MATCHES, Scope, SecretScanner, scan_assignment
from support.secrets import django_key, github_token, private_key, random_text

SCANNER = SecretScanner()
HEX = "0123456789abcdef"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def rules(text: str, scope: Scope = Scope.CODE) -> list[str]:
    return [match.rule for match in SCANNER.scan(text.encode(), scope)]


def _jwt(claims: dict[str, object]) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(part.rstrip("=") for part in encoded), random_text("jwt", 43)])


TOKENS = {
    "aws-access-key": "AK" + "IA" + random_text("aws", 16, UPPER),
    "aws-secret-key": f'aws_secret_access_key = "{random_text("secret", 40)}"',
    "github-token": github_token(),
    "github-pat": "github" + f"_pat_{random_text('p', 22)}_{random_text('q', 59)}",
    "gitlab-token": "gl" + f"pat-{random_text('g', 20)}",
    "npm-token": "np" + f"m_{random_text('n', 36)}",
    "pypi-token": "pypi-" + f"AgEIcHlwaS5vcmcCJ{random_text('py', 60)}",
    "slack-token": "xo" + f"xb-{random_text('sl', 11, '123456789')}-{random_text('s', 24)}",
    "slack-webhook": "https://hooks.slack.com/services/"
    + f"T{random_text('t', 8, UPPER)}/B{random_text('b', 8, UPPER)}/{random_text('h', 24)}",
    "stripe-key": "sk" + f"_live_{random_text('st', 24)}",
    "google-api-key": "AI" + f"za{random_text('go', 35)}",
    "sendgrid-key": f"SG.{random_text('sg', 22)}.{random_text('sh', 43)}",
    "openai-key": f"sk-{random_text('o', 20)}" + "T3Blbk" + f"FJ{random_text('p', 20)}",
    "hugging-face-token": "h" + f"f_{random_text('h', 34, 'abcdefghijklmnopqrstuvwxyzABCDEF')}",
    "digitalocean-token": "do" + f"p_v1_{random_text('do', 64, HEX)}",
    "telegram-token": f"{random_text('te', 9, '123456789')}:A" + f"A{random_text('tg', 33)}",
    "azure-storage-key": "Account" + f"Key={random_text('az', 86)}==",
    "private-key": private_key(),
}


@pytest.mark.parametrize("rule", TOKENS)
def test_forms_that_issuers_publish_are_found_in_any_text(rule: str) -> None:
    secret = TOKENS[rule]
    for scope in Scope:
        assert rules(f"x = 1\nvalue('{secret}')\n", scope) == [rule]
    [match] = SCANNER.scan(f"# first\n\n{secret}".encode(), Scope.TOKENS)
    assert match.line == 3
    assert match.value.decode() not in match.shown
    assert secret not in repr(match)


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",  # Amazon's documentation
        "gh" + "p_" + random_text("x", 36),  # no checksum
        "gh" + "p_" + "x" * 36,
        "xAKIA" + random_text("aws", 16, UPPER),  # a part of something else
        "AccountKey=" + "Eby8vdM02x" + random_text("az", 76) + "==",  # the emulator's own
        "-----BEGIN PRIVATE KEY-----\n<your key here>\n-----END PRIVATE KEY-----",
        'MARKER = "-----BEGIN PRIVATE KEY-----"',
        "-----BEGIN PRIVATE KEY-----\n" + "AAAA" * 40 + "\n-----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n" + random_text("pub", 200) + "\n-----END PUBLIC KEY-----",
        "pypi-AgEI" + random_text("no macaroon", 60),
    ],
)
def test_what_only_looks_like_a_token_is_none(text: str) -> None:
    assert rules(text, Scope.CODE) == []
    assert rules(f"{text}\n{github_token()}", Scope.CODE) == ["github-token"]


@pytest.mark.parametrize(
    "text",
    [
        f"SECRET_KEY = '{django_key()}'",
        f'SECRET_KEY: str = "django-insecure-{django_key()}"',
        f'app.config["SECRET_KEY"] = "{random_text("flask", 32, HEX)}"',
        f"SECRET_KEY = os.environ.get('SECRET_KEY', '{django_key('b')}')",
        f'secret = config("APP_SECRET", default="{random_text("d", 24)}")',
        f'{{"api_key": "{random_text("k", 32)}"}}',
        "connect(user='app', password='kX9!vd72Q')",
        f"headers = {{'X-Auth-Token': '{random_text('t', 40)}'}}",
    ],
)
def test_real_looking_values_of_telling_names(text: str) -> None:
    assert rules(text) == ["generic"]
    assert rules(text, Scope.TOKENS) == []


@pytest.mark.parametrize(
    "text",
    [
        'SECRET_KEY = "only for tests"',
        "SECRET_KEY = os.environ['SECRET_KEY']",
        'SECRET_KEY = "changeme-changeme-1234"',
        'SECRET_KEY = "your-secret-key-goes-here"',
        'SECRET_KEY = "<insert a random 50 character key>"',
        'SECRET_KEY = "${SECRET_KEY}"',
        'password = "{{ vault_password_of_db_1 }}"',
        'DB_PASSWORD = "password123"',
        'POSTGRES_PASSWORD = "postgres"',
        "AUTH_PASSWORD_VALIDATORS = ['django.contrib.auth.password_validation.MinimumLength']",
        'PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]',
        'TOKEN_URL = "https://login.host.net/a0b1c2d3/oauth2/v2.0/token"',
        'token_type = "urn:ietf:params:oauth:token-type:jwt"',
        'secret_name = "prod/app/db-k3mf92nfsk2"',
        'password_field = "user_password_2_confirm"',
        'password = "$2b$12$' + random_text("hash", 53) + '"',
        'token: "Identifier"',
        'TOKEN = "tokens.NAME_OR_KEYWORD"',
        'api_key_header = "X-Api-Key-Id-2b"',
        'CSRF_TOKEN = "' + random_text("csrf", 32) + '"',
        'next_token = "' + random_text("next", 40) + '"',
        'SECRET_KEY = "prefix-{make_key(32)}-suffix"',
        'PUBLIC_KEY_TOKEN = "b03f5f7f11d50a3ab03f5f7f11d50a3a"',
    ],
)
def test_settings_without_a_secret_are_clean(text: str) -> None:
    assert rules(text, Scope.SETTINGS) == []
    with_secret = f"{text}\nJWT_SECRET = '{random_text('real', 40)}'"
    assert rules(with_secret, Scope.SETTINGS) == ["generic"]


def test_values_without_quotes_count_in_settings_alone() -> None:
    text = f"export APP_SECRET={random_text('env', 40)}\n# API_TOKEN=${{TOKEN}}\n"
    [match] = SCANNER.scan(text.encode(), Scope.SETTINGS)
    assert (match.name, match.line) == ("APP_SECRET", 1)
    assert match.shown == "APP_SECRET=*** (40 characters)"
    assert rules(text, Scope.CODE) == []


def test_passwords_in_urls() -> None:
    [match] = SCANNER.scan(b'DB = "postgres://app:kX9vd72Q@db:5432/app"', Scope.CODE)
    assert match.rule == "url-password"
    assert match.shown == "postgres://app:***@"
    for clean in (
        "postgres://app@db/app",
        "postgres://postgres:postgres@db/app",
        "http://user:password@host/",
        "https://${USER}:${PASSWORD}@host/",
        "http://user:%s@host/",
        "ftp://user:secret-pw@example.com/",
        "npm:@babel/x@1 and mail:a@b",
    ):
        assert rules(clean, Scope.SETTINGS) == [], clean


def test_logins_of_registries_and_netrc() -> None:
    login = base64.b64encode(f"me:{random_text('reg', 20)}".encode()).decode()
    assert rules(f'{{"auths": {{"r.io": {{"auth": "{login}"}}}}}}') == ["registry-login"]
    assert rules('{"auth": "bm90IGEgbG9naW4="}') == []
    assert rules("machine git.io login me password kX9vd72Q") == ["netrc"]


def test_signed_tokens_except_the_one_that_everybody_quotes() -> None:
    assert rules(_jwt({"sub": "service-7", "iat": 1700000000})) == ["jwt"]
    assert rules(_jwt({"sub": "1234567890", "name": "John Doe"})) == []


def test_a_value_counts_once_and_many_values_are_cut() -> None:
    token = github_token()
    assert rules(f"{token}\n{token}") == ["github-token"]
    many = "\n".join(github_token(str(number)) for number in range(MAX_MATCHES + 5))
    assert len(rules(many)) == MAX_MATCHES


def test_a_secret_behind_any_number_of_harmless_places_is_found() -> None:
    text = "token = lexer\n" * 5000 + "aws-secret\n" * 5000 + github_token()
    assert rules(text, Scope.SETTINGS) == ["github-token"]
    long = base64.urlsafe_b64encode(
        json.dumps({"alg": "RS256", "kid": "k" * 900}).encode()
    ).decode()
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "x" * 900}).encode()).decode()
    assert rules(f"x = '{long.rstrip('=')}.{claims.rstrip('=')}.{random_text('s', 342)}'") == [
        "jwt"
    ]


def test_keys_in_source_and_json_are_keys_too() -> None:
    key = private_key(kind="RSA")
    assert rules(json.dumps({"type": "service_account", "private_key": key})) == ["private-key"]
    [match] = SCANNER.scan(f'KEY = """{key}"""'.encode(), Scope.TOKENS)
    assert match.shown == "-----BEGIN RSA PRIVATE KEY-----"


def test_a_variable_by_its_name() -> None:
    value = random_text("env", 40)
    found = scan_assignment("DJANGO_SECRET_KEY", value)
    assert found is not None
    assert value not in found.shown
    # The fingerprint that every official Python image has.
    assert scan_assignment("GPG_KEY", "7169605F62C751356D054A26A821E680E5FA6305") is None
    assert scan_assignment("SECRET_KEY_FILE", f"/run/secrets/{value}") is None


def test_texts_are_shown_without_their_secrets() -> None:
    token, password = github_token(), "kX9!vd72Q"
    text = f"RUN TOKEN={token} pip install x && echo 'DB_PASSWORD = \"{password}\"' > \udcff"
    masked = SCANNER.mask(text)
    assert masked == "RUN TOKEN=*** pip install x && echo 'DB_PASSWORD = \"***\"' > \udcff"
    assert SCANNER.mask("RUN make") == "RUN make"


def test_hostile_text_takes_no_time_and_no_memory() -> None:
    for text in ("password=" * 200_000, "a://b:" * 200_000, "-----BEGIN PRIVATE KEY-----" * 50_000):
        assert rules(text, Scope.SETTINGS) == []
    assert rules("eyJ" * 300_000 + "." + "eyJ" * 300_000) == []
