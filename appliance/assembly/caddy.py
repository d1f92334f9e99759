"""Caddy's configuration: the only thing that browsers on the clinic's network reach.

Guards: TLS 1.3 and nothing older; only the box's own names, and a host that
differs from the TLS server name is misdirected; no access log, and no request
in what is logged of faults (a client that hangs up in mid-answer is one),
because URLs can hold what was searched for; no certificate of Caddy's own making.
Only files of this release travel compressed: the length of a page that holds
both a secret and what somebody typed could tell of the secret (BREACH), and
series streams are compressed already where that pays.
"""

import json
from collections.abc import Mapping

from appliance.assembly.folders import Folders
from appliance.config import StaffSettings

Table = dict[str, object]

HSTS = "max-age=31536000"
ADMIN_HOST = "caddy.internal"
_HEADER_TIMEOUT = "10s"
_IDLE_TIMEOUT = "2m"
_HEADER_BYTES = 32 * 1024
# A browser that was given an address instead of a name sends no server name.
_SAME_NAME = "{http.request.tls.server_name} == '' || {http.request.tls.server_name} == {http.request.host}"
# `request` holds the whole URL, the headers and the client's address.
_WITHOUT_REQUESTS: Table = {
    "format": "filter",
    "wrap": {"format": "json"},
    "fields": {"request": {"filter": "delete"}},
}
_COMPRESSED: Table = {"handler": "encode", "encodings": {"gzip": {"level": 6}}, "minimum_length": 256}
# What a page is made of waits while the pages' process is replaced under `enamel run`, for that page stands there
# already; where systemd holds the socket, every request waits in it.
_PATIENT: Table = {"load_balancing": {"try_duration": "60s", "try_interval": "250ms"}}
_WAIT_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<meta http-equiv=refresh content=2><title>Enamel</title>"
    "<h1>Enamel is starting</h1><p>Scanners can already send. This page goes on by itself in a few seconds.</p>"
    "<div lang=es><h2>Enamel se está iniciando</h2>"
    "<p>Los equipos ya pueden enviar. Esta página sigue sola en unos segundos.</p></div>"
    "<div lang=pt><h2>O Enamel está iniciando</h2>"
    "<p>Os equipamentos já podem enviar. Esta página continua sozinha em alguns segundos.</p></div></html>"
)
_WAIT_PROBLEM = {  # for DICOMweb's callers; RFC 9457
    "type": "about:blank",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "the box is starting",
}


def caddy_config(staff: StaffSettings, folders: Folders) -> bytes:
    """Give Caddy's whole configuration as JSON; it holds no secret."""
    return json.dumps(
        {
            "admin": {
                "listen": f"unix/{folders.caddy_socket}|0600",
                "origins": [ADMIN_HOST],
                "config": {"persist": False},
            },
            "logging": {"logs": {"default": {"level": "WARN", "encoder": _WITHOUT_REQUESTS}}},
            "storage": {"module": "file_system", "root": str(folders.caddy)},
            "apps": {
                "http": {"grace_period": "3s", "servers": {"staff": _server(staff, folders)}},
                "tls": {"certificates": {"load_files": [_certificate(folders)]}},
            },
        },
        indent=1,
    ).encode()


def caddy_environment(environment: Mapping[str, str], folders: Folders) -> dict[str, str]:
    """Give Caddy's environment: whatever it keeps, it keeps in the data folder."""
    return {**environment, "XDG_DATA_HOME": str(folders.caddy), "XDG_CONFIG_HOME": str(folders.caddy)}


def _server(staff: StaffSettings, folders: Folders) -> Table:
    return {
        "listen": [f"[{staff.listen}]:{staff.port}" if ":" in staff.listen else f"{staff.listen}:{staff.port}"],
        "protocols": ["h1", "h2"],
        "automatic_https": {"disable": True},
        "read_header_timeout": _HEADER_TIMEOUT,
        "idle_timeout": _IDLE_TIMEOUT,
        "max_header_bytes": _HEADER_BYTES,
        "tls_connection_policies": [{"protocol_min": "tls1.3", "default_sni": staff.names[0]}],
        "routes": [
            _always(),
            _route(staff, [_COMPRESSED, _proxy(folders) | _PATIENT], path=["/static/*"], method=["GET", "HEAD"]),
            _route(staff, [_proxy(folders)]),
            {"handle": [{"handler": "static_response", "status_code": "421", "close": True}]},
        ],
        "errors": {"routes": [_always(), _waiting_problem(), _waiting_page()]},
    }


def _always() -> Table:
    """Of every answer, also of Caddy's own: HSTS, and no word of what it is served by."""
    return {"handle": [{"handler": "headers", "response": _headers({"Strict-Transport-Security": [HSTS]})}]}


def _route(staff: StaffSettings, handle: list[Table], **more: object) -> Table:
    match = {"host": list(staff.names), "expression": _SAME_NAME, **more}
    return {"match": [match], "handle": handle, "terminal": True}


def _proxy(folders: Folders) -> Table:
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"unix/{folders.staff_socket}"}],
        "flush_interval": -1,
        "transport": {"protocol": "http", "read_buffer_size": 1 << 18},
        "headers": {"response": {"delete": ["Server"]}},
    }


def _waiting_problem() -> Table:
    return _waiting("application/problem+json", json.dumps(_WAIT_PROBLEM), path=["/dicomweb/*"])


def _waiting_page() -> Table:
    return _waiting("text/html; charset=utf-8", _WAIT_PAGE)


def _waiting(content_type: str, body: str, **more: object) -> Table:
    headers = {
        "Content-Type": [content_type],
        "Content-Security-Policy": ["default-src 'none'"],
        "Cache-Control": ["no-store"],
        "Retry-After": ["2"],
    }
    answer = {"handler": "static_response", "status_code": "503", "headers": headers, "body": body}
    match = {"expression": "{http.error.status_code} in [502, 503, 504]", **more}
    return {"match": [match], "handle": [answer], "terminal": True}


def _headers(headers: dict[str, list[str]]) -> Table:
    return {"set": headers, "delete": ["Server", "Via"], "deferred": True}


def _certificate(folders: Folders) -> Table:
    return {
        "certificate": str(folders.web_tls / "web.pem"),
        "key": str(folders.web_tls / "web-key.pem"),
        "tags": ["web"],
    }
