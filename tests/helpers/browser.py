"""A real browser without a window, and a real web server on this computer for it."""

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

# Nothing may be fetched that the page does not fetch.
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
# A page answers in a moment; a busy computer may take longer.
PATIENCE = 60
# Parts of the browser itself, such as the page of a new tab, and data in memory.
_LOCAL_SCHEMES = ("chrome", "about", "blob", "data")


@contextmanager
def browser(width: int = 1280, height: int = 900, *, dark: bool = False, wait_for_load: bool = True) -> Iterator[Any]:
    """Start Chromium with an empty profile, and yield its driver of selenium; skip the test where either is missing.

    Files are saved into the folder `driver.downloads`. Without `wait_for_load`, a page can be used while the next one
    is loading.
    """
    pytest.importorskip("selenium", reason="selenium is not installed")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver_program = shutil.which("chromedriver")
    if program is None or driver_program is None:
        pytest.skip("chromium and chromedriver are not installed")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options = ChromeOptions()
        options.binary_location = program
        for flag in (*_FLAGS, f"--user-data-dir={folder}/profile", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.page_load_strategy = "normal" if wait_for_load else "none"
        if dark:
            options.add_argument("--force-dark-mode")
        downloads = Path(folder) / "downloads"
        downloads.mkdir()
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        driver = Chrome(options=options, service=Service(driver_program))
        driver.downloads = downloads  # type: ignore[attr-defined]  # ours
        try:
            # A window cannot be narrower than 500 pixels, but the page of a phone can.
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
            yield driver
        finally:
            driver.quit()


def requested_addresses(driver: Any) -> list[str]:
    """Return the address of every request over a network since the last call, those of workers included."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    addresses = [
        message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"
    ]
    return [address for address in addresses if urlsplit(address).scheme not in _LOCAL_SCHEMES]


def console_errors(driver: Any) -> list[str]:
    """Return what the page has reported as errors since the last call."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]


def until(condition: Callable[[], Any]) -> Any:
    """Wait until a condition holds, and return what it returns."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def one(driver: Any, selector: str) -> Any:
    """Return the first element that a selector matches."""
    return driver.find_element("css selector", selector)


def press(driver: Any, text: str) -> None:
    """Press a button or follow a link, and wait for the next page."""
    leave(driver, driver.find_element("xpath", f"//main//*[self::button or self::a][normalize-space()='{text}']").click)


def leave(driver: Any, act: Callable[[], Any]) -> None:
    """Do what leads to another page, and wait for that page."""
    from selenium.common.exceptions import WebDriverException

    left = one(driver, "html").id
    act()

    def is_there() -> bool:
        try:
            is_other = one(driver, "html").id != left
            return is_other and driver.execute_script("return document.readyState") == "complete"
        except WebDriverException:  # between two pages, there is none
            return False

    until(is_there)


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that is closed while it loads a file is expected."""


@contextmanager
def serving_folder(folder: Path) -> Iterator[str]:
    """Serve a folder as `python -m http.server` does, and yield its address."""
    with _Server(("127.0.0.1", 0), partial(_Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
