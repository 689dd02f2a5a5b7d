"""More than one API process behind one port."""

from integrations.embedded.port import remembered_port
from integrations.embedded.process import wait_until
from tests.journeys.line import Line
from tests.journeys.site import START_SECONDS, Site

ASKED = 12


def test_every_worker_answers_and_logs_as_one_does_alone(site: Site) -> None:
    port = remembered_port(site.folder / "ports.json", "crew")
    crew = site.start("crew", "-m", "server", "serve", PORT=str(port), WORKERS="2")
    try:
        assert wait_until(lambda: _answers(port), START_SECONDS), crew.log.read_text()[-2000:]
        before = crew.count("http.request")
        for _ in range(ASKED):
            assert _answers(port)
        assert crew.count("http.request") - before == ASKED
        # The library's default form is for people: colours, and tracebacks with every local value.
        requests = [line for line in crew.log.read_text().splitlines() if "http.request" in line]
        assert all(line.startswith("{") for line in requests)
    finally:
        crew.stop()
        del site.running["crew"]


def _answers(port: int) -> bool:
    try:
        with Line(port) as line:
            return line.get("/health/live").status == 200
    except OSError:
        return False
