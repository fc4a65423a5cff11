"""The memory of a backend while it works, from /proc."""

import threading
import time


def anonymous_kb(pid):
    """Memory of its own, without the shared buffers that it has touched."""
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    raise OSError("no RssAnon for process %d" % pid)


class Peak:
    """Watches a backend; afterwards "most" and "grown" are MB."""

    def __init__(self, pid):
        self.pid = pid
        self.ended = threading.Event()

    def __enter__(self):
        self.before = self.highest = anonymous_kb(self.pid)
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self):
        while not self.ended.is_set():
            self.highest = max(self.highest, anonymous_kb(self.pid))
            time.sleep(0.002)

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.highest = max(self.highest, anonymous_kb(self.pid))
        self.most = self.highest / 1024
        self.grown = (self.highest - self.before) / 1024
