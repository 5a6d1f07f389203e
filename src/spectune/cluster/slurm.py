"""Workers in the queue of SLURM: a scheduler in this process, and a job for each worker.

What a job asks for is set as ``jobqueue.slurm`` of dask's configuration; what is missing there is filled in.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

import dask
from distributed import Security

from spectune.cluster.local import FAILURES, Unseen
from spectune.errors import RunError, SettingError

MEMORY = "4GB"
"""Of a job, where nothing is said."""


@asynccontextmanager
async def jobs(
    number: int, cores: int, threads: int, resources: dict[str, float]
) -> AsyncIterator[tuple[str, Security]]:
    """Address and certificate of a scheduler that has ``number`` jobs in the queue; one that is cancelled is replaced.

    Raises:
        RunError: there is no SLURM, or it refuses the jobs.
    """
    from dask_jobqueue.slurm import SLURMCluster

    if shutil.which("sbatch") is None:
        raise RunError(
            "cluster slurm needs SLURM's commands, and there is no sbatch here; run it where jobs are submitted"
        )
    told = dask.config.get("jobqueue.slurm")
    with certificates(Path(told.get("shared-temp-directory") or ".")) as security:
        asked = settings(cores, threads, resources, told)
        async with SLURMCluster(security=security, scheduler_cls=Unseen, asynchronous=True, **asked) as cluster:
            await accepted(cluster.job_script())
            cluster.adapt(minimum_jobs=number, maximum_jobs=number, interval="2s")
            yield cluster.scheduler_address, security


def ready() -> None:
    """Imports what submits jobs, in the main thread: its import takes Ctrl-C for itself, which is given back.

    Raises:
        SettingError: the extra is not installed, or this is not the main thread.
    """
    before = signal.getsignal(signal.SIGINT)
    try:
        import dask_jobqueue.slurm  # noqa: F401
    except ImportError:
        raise SettingError("workers in SLURM's queue need the extra: pip install 'spectune[slurm]'") from None
    except ValueError:
        raise SettingError("workers in SLURM's queue must be asked for in the main thread of a program") from None
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, before)


@contextmanager
def certificates(shared: Path) -> Iterator[Security]:
    """A certificate and its key, for jobs in files of a folder that only their user may enter."""
    made = Security.temporary()
    own = made.get_tls_config_for_role("worker")
    with TemporaryDirectory(prefix=".spectune-", dir=shared.expanduser().resolve()) as folder:
        certificate, key = Path(folder) / "certificate.pem", Path(folder) / "key.pem"
        certificate.write_text(own["cert"], encoding="ascii")
        key.write_text(own["key"], encoding="ascii")
        roles = {f"tls_{role}_{name}": own[name] for role in ("client", "scheduler") for name in ("cert", "key")}
        yield Security(
            require_encryption=True,
            tls_ca_file=str(certificate),
            tls_worker_cert=str(certificate),
            tls_worker_key=str(key),
            **roles,
        )


def settings(cores: int, threads: int, resources: dict[str, float], told: dict[str, Any]) -> dict[str, Any]:
    """What a cluster is made with, where ``told`` is the user's configuration.

    >>> settings(2, 1, {}, {"memory": "16GB", "cores": 4})["memory"]
    '16GB'
    """
    words = ["--nthreads", str(threads), "--memory-limit", "0", "--no-dashboard"]
    words += [word for name, value in resources.items() for word in ("--resources", f"{name}={value:g}")]
    options = {"allowed_failures": FAILURES, "dashboard": False, "dashboard_address": None}
    return {
        "cores": told.get("cores") or cores,
        "memory": told.get("memory") or MEMORY,
        "processes": 1,
        "worker_extra_args": [*(told.get("worker-extra-args") or []), *words],
        "job_script_prologue": ["export OMP_NUM_THREADS=1", *(told.get("job-script-prologue") or [])],
        "scheduler_options": options | (told.get("scheduler-options") or {}),
    }


async def accepted(script: str) -> None:
    """Lets SLURM look at the script of a job without taking it.

    Raises:
        RunError: it refuses.
    """
    with NamedTemporaryFile("w", suffix=".sh") as file:
        file.write(script)
        file.flush()
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec("sbatch", "--test-only", file.name, stdout=pipe, stderr=pipe)
        said = b"".join(await process.communicate()).decode(errors="replace").strip()
    if process.returncode != 0:
        raise RunError(
            f"SLURM refuses a worker's job ({said.splitlines()[-1] if said else 'without a word'}); "
            f"set what it asks for as jobqueue.slurm in dask's configuration"
        )
