"""What a killed supervisor leaves running is found and ended; a living one's services are left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deckport_assets.errors import Refused
from deckport_assets.instance.supervisor import Register, Service

WAITING = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]
LEAVING = """
import sys
from pathlib import Path
from deckport_assets.instance.supervisor import Register, Service
service = Service("waiting", [sys.executable, "-c", "import time; time.sleep(60)"], Path(sys.argv[1]) / "log")
service.start({})
Register(Path(sys.argv[1]) / "services.json").write([service])
print(service.process.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LEAVING, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_what_a_killed_supervisor_left_is_ended(supervisor: subprocess.Popen[str], tmp_path: Path) -> None:
    assert supervisor.stdout is not None
    service = psutil.Process(int(supervisor.stdout.readline()))
    register = Register(tmp_path / "services.json")
    with pytest.raises(Refused, match=str(supervisor.pid)):
        register.end_leftovers()
    assert service.is_running()

    supervisor.kill()
    supervisor.communicate()
    assert register.end_leftovers() == 1
    assert not service.is_running() or service.status() == psutil.STATUS_ZOMBIE
    assert register.end_leftovers() == 0, "nothing is left to end"


def test_a_number_that_belongs_to_another_process_by_now_is_left_alone(tmp_path: Path) -> None:
    service = Service("waiting", WAITING, tmp_path / "log")
    service.start({})
    assert service.process is not None
    register = Register(tmp_path / "services.json")
    register.write([service])
    told = register.path.read_text().replace(str(psutil.Process(service.process.pid).create_time()), "1.0")
    register.path.write_text(told)
    assert register.end_leftovers() == 0 and service.is_up
    service.process.kill()
    service.process.wait()
