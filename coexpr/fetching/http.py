"""What the answers of servers, and the errors of connections, mean: an end, or a reason to try again."""

import re
from http import HTTPStatus
from typing import NoReturn

import requests
import urllib3

import coexpr
from coexpr.errors import FetchError

# Answers that another attempt may mend.
_TRANSIENT = (408, 425, 429, 500, 502, 503, 504)
_TUNNEL_STATUS = re.compile(r"Tunnel connection failed: (\d+)")
_ADDRESS_ERRORS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    urllib3.exceptions.LocationParseError,
    UnicodeError,
)


class BrokenOffError(Exception):
    """An attempt ended early; another one may bring the rest.

    Parameters
    ----------
    reason : str
    wait : float
        Seconds that the server asks to wait.
    attempts : int, optional
        How many attempts in a row are worth making.
    """

    def __init__(self, reason: str, *, wait: float = 0, attempts: int | None = None) -> None:
        super().__init__(reason)
        self.wait, self.attempts = wait, attempts


class UnreachableError(BrokenOffError):
    """No connection to a server; if this happens at first contact, another attempt is not worth the wait."""


def new_session() -> requests.Session:
    """Return a session that asks for files as they are stored; it uses the proxies of the environment."""
    session = requests.Session()
    session.headers.update({"Accept-Encoding": "identity", "User-Agent": f"coexpr/{coexpr.__version__}"})
    return session


def host_of(url: str) -> str:
    """Return the host of an address, for messages: addresses themselves may be long and encoded."""
    try:
        return urllib3.util.parse_url(url).host or url
    except urllib3.exceptions.LocationParseError:
        return url


def refuse_status(name: str, response: requests.Response) -> None:
    """Raise an error for an answer that does not contain the file or a part of it.

    Parameters
    ----------
    name : str
        Name of the file.
    response : requests.Response
    """
    addresses = [answer.url.lower() for answer in (*response.history, response)]
    if addresses[0].startswith("https:") and any(address.startswith("http:") for address in addresses):
        raise FetchError(
            f"{host_of(addresses[0])} redirects to an address that is not encrypted (http://); {name} was not fetched. "
            "Try again later, or use `base_url`."
        )
    status = response.status_code
    if status in (requests.codes.ok, requests.codes.partial_content):
        return
    if status == requests.codes.proxy_authentication_required:
        _refuse_proxy()
    if status in _TRANSIENT:
        wait = response.headers.get("Retry-After", "")
        raise BrokenOffError(f"the server answered {_name_of(status)}", wait=float(wait) if wait.isdecimal() else 0)
    raise FetchError(
        f"{host_of(response.url)} answered {_name_of(status)} for {name}. The file may have moved: give a mirror with "
        "`base_url`, or download it in a browser and load it with coexpr ingest."
    )


def explain(url: str, error: Exception) -> NoReturn:
    """Raise what an error of requests means: an end, or a reason to try again."""
    request = getattr(error, "request", None)
    host = host_of(request.url if request is not None and request.url else url)  # that of a redirect, if there was one
    if isinstance(error, requests.exceptions.TooManyRedirects):
        raise FetchError(f"{host_of(url)} redirects without end. Try again later, or use `base_url`.") from None
    if isinstance(error, requests.exceptions.InvalidProxyURL):
        raise FetchError("the address of the proxy in HTTP_PROXY or HTTPS_PROXY is not valid.") from None
    if isinstance(error, _ADDRESS_ERRORS):
        raise FetchError(f"{url} is not a valid address.") from None
    if isinstance(error, requests.exceptions.InvalidSchema):
        _explain_scheme(host, str(error))
    if isinstance(error, requests.exceptions.ProxyError):
        _explain_proxy(str(error))
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        _explain_encryption(host, str(error))
    if "CA certificate bundle" in str(error):
        raise FetchError(
            "the file of certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names does not exist. Correct or "
            "remove the variable."
        ) from None
    _explain_connection(host, error)


def _explain_connection(host: str, error: Exception) -> NoReturn:
    text = str(error)
    if isinstance(error, requests.ConnectTimeout):
        raise UnreachableError(f"{host} did not accept a connection in time") from None
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        raise BrokenOffError("the server sent nothing for too long") from None
    if "NameResolutionError" in text or "getaddrinfo" in text or "Name or service not known" in text:
        raise UnreachableError(f"{host} cannot be found (no Internet connection, or a wrong address)") from None
    if isinstance(error, requests.ConnectionError) and "refused" in text.lower():
        raise UnreachableError(f"{host} refused the connection") from None
    if "NewConnectionError" in text or "Failed to establish a new connection" in text:
        raise UnreachableError(f"{host} cannot be reached (no Internet connection?)") from None
    raise BrokenOffError("the connection was lost") from None


def _explain_scheme(host: str, text: str) -> NoReturn:
    if "SOCKS" in text:
        raise FetchError("a SOCKS proxy needs another package. Install it: pip install 'requests[socks]'") from None
    raise FetchError(f"{host} redirects to an address that is neither https:// nor http://.") from None


def _explain_proxy(text: str) -> NoReturn:
    found = _TUNNEL_STATUS.search(text)
    if found is None:
        raise UnreachableError("the proxy of HTTP_PROXY or HTTPS_PROXY cannot be reached") from None
    if int(found[1]) == requests.codes.proxy_authentication_required:
        _refuse_proxy()
    raise UnreachableError(f"the proxy of HTTPS_PROXY answered {_name_of(int(found[1]))}") from None


def _explain_encryption(host: str, text: str) -> NoReturn:
    if "CERTIFICATE_VERIFY_FAILED" not in text:
        raise UnreachableError(f"no encrypted connection to {host} could be made") from None
    raise FetchError(
        f"the certificate of {host} cannot be verified. If your network inspects traffic, set REQUESTS_CA_BUNDLE to "
        "the file with its certificates."
    ) from None


def _refuse_proxy() -> NoReturn:
    raise FetchError(
        "the proxy asks for a password, or refuses the one that is set. Set it in the address: "
        "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT (HTTP_PROXY for a mirror with http://)."
    ) from None


def _name_of(status: int) -> str:
    """Return "404 Not Found"; the words of the server itself are not printed."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
