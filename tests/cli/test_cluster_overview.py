from cluster_jobs import NOW, job
from preference_cli.cluster.lines import BAD, GOOD, HEAD
from preference_cli.cluster.overview import overview
from team import failed, running, succeeded

TABLE = """\
NAME    METHOD   STATE       STAGE   DONE   LEFT   ACCURACY   RUN                AGE
bad     DPO      Failed      -       -      -      -          8b76bc2e013bc58d   4m
fresh   DPO      Pending     -       -      -      -          -                  4m
good    ORPO     Succeeded   -       -      -      71.0 %     8b76bc2e013bc58d   4m
tiny    DPO      Training    Train   62 %   3:20   -          8b76bc2e013bc58d   4m"""

JOBS = [
    job(running()),
    job(succeeded(), name="good", method="ORPO"),
    job(failed(), name="bad"),
    job(None, name="fresh"),
]


def test_every_job_has_a_line_by_name() -> None:
    lines = overview(JOBS, now=NOW, namespaces=False)
    assert "\n".join(line.text for line in lines) == TABLE
    assert [line.style for line in lines] == [HEAD, BAD, "", GOOD, ""]


def test_namespaces_are_shown_where_there_are_several() -> None:
    head, first, *_ = overview(JOBS, now=NOW, namespaces=True)
    assert head.text.startswith("NAMESPACE   NAME ")
    assert first.text.startswith("team        bad ")
