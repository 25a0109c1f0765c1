"""What Theano has compiled is compiled once, and two programs that compile do not wait for each other for long.

For each operation of a graph Theano writes C++ code, compiles it in a second or so, and keeps the module in its compile
folder (``theano.config.compiledir``). The next program that needs the operation finds the module by its key,

    (versions of the code, (flags of the compiler, ..., operation, types of its inputs and outputs, ...)).

A key without versions means that the code may be another one tomorrow: such a module is compiled by each program anew.
Theano 1.0.5 does so where nobody wants it to, and here is the cure:

* To the versions Theano adds the names of the operation's parameters (``__props__``), and it takes anything empty among
  the versions for a missing version. So an operation without parameters has none: the product of two matrices, the cost
  of a classifier and some more, in each notebook. `_key` asks only for what is a version.
* For operations with C++ code in a file, `DimShuffle` among them (``x.T``, ``b.dimshuffle("x", 0)``), the version is
  Python's ``hash`` of that code, which is another number in each process: such a module was never found again, and each
  process left one behind. `_version` is a checksum.
* For operations with parameters in C, such as random numbers on a GPU, a name in the code is made from the text of the
  parameters' types, and types without one have Python's, with an address in it. So two programs had two modules for one
  key, of which Theano warned in each program from then on. `_struct_name` leaves the address out.
* Only one program at a time compiles in a folder. The others looked every five to ten seconds whether it was their turn.
  Here they queue for a file that the operating system hands on at once (``flock``), also when its holder is killed.
* After an error of the compiler Theano kept the folder locked for as long as the program ran. `_locked` does not.
* Theano wrote the file of keys, ``key.pkl``, in place, where other programs read it at any moment, and deletes a module whose
  keys end too early. `_save_keys` replaces the file in one step.

None of it changes which module belongs to which operation. That follows from the key's second part, which has the operation
itself in it and stays as it is; and Theano takes one module for two keys only where the C++ code is the same to the letter.

Importing this module is all there is to do; whoever imports `deeplearning_tutorial` and `theano` has done it.

>>> import deeplearning_tutorial, theano, theano.tensor as T
>>> x = T.matrix("x")
>>> theano.function([x], T.dot(x, x.T))                # a second program compiles nothing
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import pickle
import re
import threading

from theano.gof import cc, cmodule, compilelock, op, params_type

PATIENCE = 10  # seconds that a program waits for others without a word

_queue = None  # the file that this process holds while it compiles
_has_lock = False


def _key(self, fgraph, *arguments, _theanos=cc.CLinker.cmodule_key_, **options):
    """The key of a graph's module, with versions if all its operations and types have one."""
    key = _theanos(self, fgraph, *arguments, **options)
    if key is None or key[0]:
        return key
    versions = []
    for node in self.schedule(fgraph):
        if hasattr(node.op, "c_code_cache_version_apply"):  # not so where an operation has no C++ code
            versions.append(node.op.c_code_cache_version_apply(node))
        versions.extend(variable.type.c_code_cache_version() for variable in node.inputs + node.outputs)
    return (tuple(versions), key[1]) if all(versions) else key


def _version(self, _theanos=op.COp.c_code_cache_version):
    """The version of an operation with its code in a file: the same in each process, and another for another code."""
    checksum = hashlib.sha256(repr(self.func_codes).encode()).hexdigest()
    return (checksum, *_theanos(self)[1:])


def _struct_name(self):
    """The name in C of an operation's parameters: the same in each process, and another for others."""
    types = [re.sub(" at 0x[0-9a-f]+", "", str(type_)) for type_ in self.types]
    checksums = [hashlib.sha256(",".join(texts).encode()).hexdigest() for texts in (self.fields, types)]
    return "_Params_{}_{}".format(*checksums)


def _save_keys(self):
    """Write the keys of a module, all of them or none: a full disk, or an end with violence, leaves those that were there."""
    unfinished = f"{self.key_pkl}.{os.getpid()}"
    try:
        with open(unfinished, "wb") as file:
            pickle.dump(self, file, protocol=pickle.HIGHEST_PROTOCOL)
        os.replace(unfinished, self.key_pkl)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def _lock(folder, _theanos=compilelock.lock, **wishes):
    """Wait until this process may compile. `folder` is the one in the compile folder that stands for Theano's own lock."""
    global _has_lock
    if wishes:  # Theano's force_unlock, which does not want to wait
        _theanos(folder, **wishes)
        _has_lock = True
        return
    complaint = threading.Timer(PATIENCE, _complain, [folder])
    complaint.daemon = True
    complaint.start()
    try:
        _join_queue(folder + "_queue")
        # A program without this module may hold Theano's lock. And one that was killed has left it behind:
        # Theano sees that no such process is alive. Where the queue does not work, this lock is enough.
        _theanos(folder, min_wait=0.05, max_wait=0.1, verbosity=0)
        _has_lock = True
    except BaseException:
        _leave_queue()
        raise
    finally:
        complaint.cancel()


def _unlock(self, force=False, _theanos=compilelock.Unlocker.unlock):
    global _has_lock
    if force:  # it is another's lock that goes away
        _theanos(self, force)
    elif _has_lock:
        # Only then: at the end of a program Theano unlocks once more, and could hit the next one's lock as it is made.
        _has_lock = False
        _theanos(self)
        _leave_queue()


def _join_queue(path):
    global _queue
    os.makedirs(os.path.dirname(path), exist_ok=True)
    _queue = open(path, "a")
    with contextlib.suppress(OSError):  # some network file systems have no flock
        fcntl.flock(_queue, fcntl.LOCK_EX)


def _leave_queue():
    global _queue
    if _queue is not None:
        _queue.close()
        _queue = None


def _complain(folder):
    try:
        with open(os.path.join(folder, "lock")) as file:
            holder = f"process {file.read().partition('_')[0]}"
    except OSError:
        holder = "another process"
    logging.getLogger(__name__).warning(
        "Waiting for %s, which compiles for Theano in %s. If it hangs, end it.", holder, os.path.dirname(folder)
    )


@contextlib.contextmanager
def _locked(lock_dir=None, keep_lock=False, **wishes):
    """Theano's `lock_ctx`, which forgot to unlock after an error."""
    compilelock.get_lock(lock_dir=lock_dir, **wishes)
    try:
        yield
    finally:
        if not keep_lock:
            compilelock.release_lock()


cc.CLinker.cmodule_key_ = _key
op.COp.c_code_cache_version = _version
params_type.ParamsType.generate_struct_name = _struct_name
cmodule.KeyData.save_pkl = _save_keys
compilelock.lock = _lock
compilelock.Unlocker.unlock = _unlock
compilelock.lock_ctx = _locked
