"""SLURM clusters of one machine made up: a real controller, a real node, and nothing of them on the system."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from clusters.held import Held, RefusedError, held, last_words
from clusters.packages import require, unpacked, user

ADDRESS = "10.99.0.1"
PACKAGES = ("slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins")
PATIENCE = 30.0
# A command in the cluster is killed with the one that brought it there.
ENDING = ("setpriv", "--pdeathsig", "KILL")
# A name is looked up over IPv4 only where an interface has an address other than 127.0.0.0/8.
# The shell is the first of its process list: when it ends, all that ran in the cluster is killed.
SCRIPT = """
set -e
trap : HUP INT PIPE TERM
state=$1 stepd=$2 name=$3 address=$4 settings=$5; shift 5
mount -t tmpfs -o mode=755 tmpfs "$state"
mount -t tmpfs tmpfs /dev/shm
mkdir "$state/home" "$state/temporary" "$state/saved" "$state/spool"
printf '%s\\n' "127.0.0.1 localhost" "$address $name" > "$state/hosts"
mount --bind "$state/hosts" /etc/hosts
ip link set lo up
ip address add "$address/32" dev lo
printf '%s\\n' "$settings" > "$SLURM_CONF"
"$@" slurmctld-wlm -D </dev/null >&2 &
"$@" slurmd-wlm -D -d "$stepd" </dev/null >&2 &
echo ready
read -r _
"""


@dataclass(frozen=True)
class Cluster:
    """A SLURM cluster with a partition ``all`` of one node, in a network and a process list of its own.

    Its processes see the files of the machine, and a folder for temporary files that vanishes with them.

    Attributes:
        address: where its processes reach each other.
        home: the folder they start in, which vanishes with them too.
        entrance: the command that runs a command in it.
        environment: what programs in it find in their environment.
    """

    address: str
    home: Path
    entrance: tuple[str, ...]
    environment: Mapping[str, str]

    def run(
        self,
        command: Sequence[str],
        *,
        timeout: float = 60.0,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Standard output of a command that runs in the cluster, without white space around it.

        Raises:
            AssertionError: if it fails or takes longer than ``timeout`` seconds, with what it wrote.
        """
        with TemporaryFile() as out, TemporaryFile() as log:
            asked = self._inside(command, folder, environment)
            with subprocess.Popen(asked, stdin=subprocess.DEVNULL, stdout=out, stderr=log) as process:
                try:
                    ended = f"ended with {process.wait(timeout)}"
                except subprocess.TimeoutExpired:
                    ended = f"was not done in {timeout:g} s"
                    process.kill()
            if ended != "ended with 0":
                raise AssertionError(f"{' '.join(command)} {ended}: {last_words(out, 50)}\n{last_words(log, 50)}")
            out.seek(0)
            return out.read().decode().strip()

    @contextmanager
    def started(
        self,
        command: Sequence[str],
        output: Path,
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A command at work in the cluster, which writes to a file and is killed at the end.

        To kill the process is to kill the command. Other signals go through ``send``.
        """
        asked = self._inside(command, folder, environment)
        with (
            output.open("wb") as log,
            subprocess.Popen(asked, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def send(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """Send a signal to a started command."""
        os.kill(_child(process.pid), number)

    def jobs(self) -> list[str]:
        """Numbers of the jobs that wait, run or are about to end."""
        return self.run(["squeue", "--noheader", "--format=%i"]).split()

    def _inside(
        self, command: Sequence[str], folder: Path | None, environment: Mapping[str, str] | None
    ) -> tuple[str, ...]:
        names = {**self.environment, **(environment or {})}
        return (
            *self.entrance,
            *("env", f"--chdir={folder or self.home}"),
            *(f"{name}={value}" for name, value in names.items()),
            *command,
        )


@contextmanager
def slurm(cores: int = 2) -> Iterator[Cluster]:
    """A SLURM cluster of one node, which gives out ``cores`` processor cores whatever the machine has.

    Debian's packages are fetched once; where that or a private network is impossible, the test is skipped.
    """
    require("unshare", "nsenter", "setpriv", "ip", "bash")
    root = unpacked(*PACKAGES)
    try:
        with held(_command(root, cores)) as shell:
            entrance = ("nsenter", "--target", str(_child(shell.shell.pid)), *_spaces(), *_as_oneself())
            cluster = Cluster(ADDRESS, root / "state/home", (*entrance, *ENDING), _environment(root))
            _wait(cluster, shell)
            yield cluster
    except RefusedError as refused:
        pytest.skip(f"this machine gives a test no private network: {refused}")


def _command(root: Path, cores: int) -> list[str]:
    state, stepd, name = root / "state", root / "usr/sbin/slurmstepd-wlm", socket.gethostname().partition(".")[0]
    state.mkdir(exist_ok=True)
    alone = ["unshare", *_as_root(), "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    variables = [f"{key}={value}" for key, value in _environment(root).items()]
    told = [str(state), str(stepd), name, ADDRESS, _settings(root, name, cores)]
    return [*alone, "env", *variables, "bash", "-c", SCRIPT, "bash", *told, *_as_oneself()]


def _as_root() -> list[str]:
    """Options by which another user is root in a name space of users: only root mounts."""
    return [] if os.geteuid() == 0 else ["--map-root-user"]


def _as_oneself() -> list[str]:
    """Command by which that user is themselves again: SLURM as root wants groups, which only the real root changes."""
    if os.geteuid() == 0:
        return []
    return ["unshare", "--user", f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}"]


def _spaces() -> list[str]:
    spaces = ["--net", "--mount", "--pid"]
    return spaces if os.geteuid() == 0 else ["--user", "--preserve-credentials", *spaces]


def _environment(root: Path) -> dict[str, str]:
    state = root / "state"
    libraries = [*root.glob("usr/lib/*-linux-gnu"), *root.glob("usr/lib/*-linux-gnu/slurm-wlm")]
    return {
        "PATH": f"{root}/usr/bin:{root}/usr/sbin:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": ":".join(str(path) for path in libraries),
        "SLURM_CONF": str(state / "slurm.conf"),
        "TMPDIR": str(state / "temporary"),
        "DASK_CONFIG": str(state / "home" / "dask"),
    }


def _settings(root: Path, name: str, cores: int) -> str:
    """What slurm.conf says: nobody is asked for credentials, nothing is accounted, and nothing is waited for."""
    state = root / "state"
    (plugins,) = root.glob("usr/lib/*-linux-gnu/slurm-wlm")
    return f"""
ClusterName=test
SlurmctldHost={name}({ADDRESS})
SlurmUser={user()}
SlurmdUser={user()}
AuthType=auth/none
CredType=cred/none
PluginDir={plugins}
StateSaveLocation={state}/saved
SlurmdSpoolDir={state}/spool
SlurmctldPidFile={state}/slurmctld.pid
SlurmdPidFile={state}/slurmd.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
KillWait=2
ReturnToService=2
NodeName={name} NodeAddr={ADDRESS} CPUs={cores} CoresPerSocket={cores} RealMemory=64000
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE
"""


def _child(parent: int) -> int:
    """The process that a process started and waits for."""
    end = time.monotonic() + PATIENCE
    while not (found := Path(f"/proc/{parent}/task/{parent}/children").read_text().split()):
        if time.monotonic() > end:
            raise RuntimeError(f"the process {parent} has started nothing")
        time.sleep(0.01)
    return int(found[0])


def _wait(cluster: Cluster, shell: Held) -> None:
    end = time.monotonic() + PATIENCE
    while not _idle(cluster):
        if shell.shell.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"SLURM does not start: {last_words(shell.log, 20)}")
        time.sleep(0.1)


def _idle(cluster: Cluster) -> bool:
    try:
        return cluster.run(["sinfo", "--noheader", "--format=%T"]).strip() == "idle"
    except AssertionError:
        return False
