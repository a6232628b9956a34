"""Chromium without a window, driven over a pair of pipes by its DevTools protocol."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]
PATIENCE = 60  # seconds; only how long a broken test takes to say so


class Broken(Exception):
    pass


def program():
    for name in (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"):
        if name and shutil.which(name):
            return shutil.which(name)
    raise Broken("there is no chromium; deploy/install-packages test installs it")


class Chromium:
    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="lockstep-chromium-", ignore_cleanup_errors=True)
        told, self.writing = os.pipe()
        self.reading, tells = os.pipe()
        # The browser reads from descriptor 3 and writes to 4.
        script = f'exec "$0" "$@" 3<&{told} 4>&{tells}'
        self.process = subprocess.Popen(
            ["bash", "-c", script, program(), *FLAGS, f"--user-data-dir={self.profile.name}", "about:blank"],
            pass_fds=(told, tells),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(told)
        os.close(tells)
        self.buffer = b""
        self.number = 0
        self.tabs = {}

    def close(self):
        try:
            self.call("Browser.close")
        except Broken:
            self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self.reading)
        os.close(self.writing)
        self.profile.cleanup()

    def receive(self):
        """The next message; tabs are told of their events."""
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.reading], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(self.reading, 1 << 16) if ready else b""
            if not piece:
                raise Broken("Chromium is silent" if not ready else "Chromium has gone")
            self.buffer += piece
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        tab = self.tabs.get(message.get("sessionId"))
        if tab and "method" in message:
            tab.happened(message["method"], message["params"])
        return message

    def call(self, method, session=None, **parameters):
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == number:
                if "error" in answer:
                    raise Broken(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def open_tab(self):
        return Tab(self)


class Tab:
    """One page in a profile of its own; collects what goes wrong in it."""

    def __init__(self, browser):
        self.browser = browser
        self.context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=self.context)
        attached = browser.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = attached["sessionId"]
        self.complaints, self.requests, self.loads = [], [], 0
        browser.tabs[self.session] = self
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.call(domain + ".enable")

    def close(self):
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)
        del self.browser.tabs[self.session]

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def happened(self, method, told):
        if method == "Page.loadEventFired":
            self.loads += 1
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(told["args"]))
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append("a dialog: " + told["message"])

    def go(self, url):
        before = self.loads
        self.call("Page.navigate", url=url)
        self.wait_for_loads(before + 1)

    def wait_for_loads(self, count):
        while self.loads < count:
            self.browser.receive()

    def run(self, script):
        """The value of an expression, also that of a promise."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise Broken(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, condition):
        """Until the page has changed so that the expression is true; it is told of each change."""
        self.run(
            "new Promise((done) => { const look = () => { if (!(" + condition + ")) return; watch.disconnect(); done(); };"
            "const watch = new MutationObserver(look); watch.observe(document, {subtree: true, childList: true,"
            "attributes: true, characterData: true}); look(); })"
        )

    def text(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? null")

    def press(self, key, code):
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def look(self, width, height=900, scheme="light"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self):
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def accessibility(self):
        """What a screen reader is given, in its order: (role, name, properties) of each node that counts."""
        nodes = {node["nodeId"]: node for node in self.call("Accessibility.getFullAXTree")["nodes"]}
        told, ahead = [], [next(iter(nodes))]
        while ahead:
            node = nodes.get(ahead.pop())
            if node is None:
                continue
            ahead += reversed(node.get("childIds", []))
            if node.get("ignored"):
                continue
            properties = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
            properties["value"] = node.get("value", {}).get("value")
            told.append((node["role"]["value"], node.get("name", {}).get("value", ""), properties))
        return told
