"""An interrupt from the keyboard, or the notebook's ■, taken where nothing is half done.

>>> with Interrupts() as interrupts:
...     for index in range(n_batches):
...         train(index)
...         interrupts.take()                       # raises KeyboardInterrupt here, and nowhere in between

Python raises KeyboardInterrupt between any two instructions: with a step done and not counted, or a curve that has got a
point and another that has not. In this block an interrupt is only noted, until somebody asks.
"""

import signal
import time

AT_ONCE_AFTER = 2.0  # seconds: whoever interrupts again after that does not want to wait for the end of a step


class Interrupts:
    """Holds interrupts back while a block runs.

    One that nobody took raises KeyboardInterrupt at the end of the block. Another one, more than two seconds later, is
    raised where it comes, because a step may take long, or wait for something that never happens; but not after `close`.

    A program that has a handler of its own for the signal keeps it: that is what is called, later. Other threads than the main
    one get no interrupts, so that nothing is done there.
    """

    def __enter__(self):
        self._noted_at, self._closed, self._handler = None, False, None
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):  # neither ignored nor of a program that is not Python
            try:
                signal.signal(signal.SIGINT, self._note)
                self._handler = handler
            except ValueError:  # not in the main thread
                pass
        return self

    def take(self):
        """Raise KeyboardInterrupt, if there was an interrupt."""
        if self._noted_at is not None:
            self.close()
            self._pass_on()

    def close(self):
        """Hold back all that come from now on, until the end of the block: for what must be done to its end."""
        self._closed = True

    def __exit__(self, kind, error, traceback):
        self.close()
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
        if kind is None and self._noted_at is not None:
            self._pass_on()

    def _note(self, number, frame):
        now = time.monotonic()
        if self._noted_at is None:
            self._noted_at = now
        elif not self._closed and now - self._noted_at > AT_ONCE_AFTER:
            self.close()
            self._pass_on(frame)

    def _pass_on(self, frame=None):
        self._noted_at = None
        self._handler(signal.SIGINT, frame)
