"""The same run asked for from two clusters, on an S3 server."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import jobs
from jobs import StopAt, World
from preference_api.v1alpha1.status import Stage
from preference_api.wire import CheckSummary, RunDocument
from preference_trainer import renewal, run
from preference_trainer.attempt import claim
from preference_trainer.check import run_check
from preference_trainer.errors import StoppedEarly
from preference_trainer.metrics import Metrics
from preference_trainer.progress import ProgressBoard
from preference_trainer.renewal import renewed
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location, open_location
from s3_servers import S3Server

pytestmark = pytest.mark.usefixtures("quick_claims")

SHORT = {"steps": 2, "batchSize": 2}


@pytest.fixture
def here(s3_versitygw: S3Server) -> RunDocument:
    """A checked document of this cluster."""
    document = World.made(s3_versitygw).document(training=SHORT)
    return jobs.check(document.model_copy(update={"uid": "uid-here"}))


@pytest.fixture
def there(here: RunDocument) -> RunDocument:
    """The same of another cluster."""
    return here.model_copy(update={"uid": "uid-there"})


@pytest.fixture
def held(quick_claims: None, here: RunDocument, there: RunDocument) -> Iterator[None]:
    """The run is in the hands of the other cluster."""
    with renewed(claim(place(here), owner=there.uid, stop=StopRequest())):
        yield


def place(document: RunDocument) -> Location:
    assert document.resolved is not None
    output = open_location(document.spec.output.uri, document.spec.storage)
    return output / f"runs/{document.resolved.run_id}"


def checked(document: RunDocument, folder: Path) -> CheckSummary:
    return run_check(
        document,
        workdir=folder,
        board=ProgressBoard(),
        metrics=Metrics(job=document.name),
        stop=StopRequest(),
    )


@pytest.mark.usefixtures("held")
def test_the_check_tells_that_the_run_is_in_other_hands(here: RunDocument, tmp_path: Path) -> None:
    summary = checked(here, tmp_path)
    assert (summary.elsewhere, summary.reused) == (True, False)


@pytest.mark.usefixtures("held")
def test_the_training_does_not_begin_and_writes_nothing(here: RunDocument) -> None:
    with pytest.raises(StoppedEarly) as caught:
        jobs.train(here)
    assert caught.value.reason == "TrainedElsewhere"
    assert [item.name for item in place(here).list()] == ["attempt.json"]


def test_what_the_other_cluster_trained_is_taken(
    here: RunDocument, there: RunDocument, tmp_path: Path
) -> None:
    result = jobs.train(there)
    before = {item.name: item.etag for item in place(here).list()}
    summary = checked(here, tmp_path)
    assert (summary.elsewhere, summary.reused) == (False, True)
    assert jobs.train(here).model_uri == result.model_uri
    assert {item.name: item.etag for item in place(here).list()} == before


def test_of_a_result_that_came_while_it_was_looked_nothing_is_trained_anew(
    here: RunDocument, there: RunDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other cluster ends between the first look at the result and the claim."""
    result = jobs.train(there)
    trained = {item.name: item.etag for item in (place(here) / "model").list()}
    looks = iter([None])
    finished = run.finished
    monkeypatch.setattr(run, "finished", lambda where: next(looks, finished(where)))
    monkeypatch.setattr(run, "_work_through", lambda _run: pytest.fail("trained anew"))
    assert jobs.train(here).model_uri == result.model_uri
    assert {item.name: item.etag for item in (place(here) / "model").list()} == trained


class TakenOver(StopAt):
    """Told nothing; at a step another attempt takes the run, and a renewal finds out."""

    def __init__(self, document: RunDocument) -> None:
        super().__init__(Stage.TRAIN, 2)
        self._document, self.taken = document, False

    @property
    def requested(self) -> bool:
        if super().requested and not self.taken:
            self.taken = True
            claim(place(self._document), owner=self._document.uid, stop=StopRequest())
            time.sleep(5 * renewal.RENEW_SECONDS)
        return False


def test_a_training_that_loses_its_run_ends_with_that_step_and_saves_nothing(
    here: RunDocument,
) -> None:
    training = here.spec.training.model_copy(update={"steps": 8})
    document = here.model_copy(update={"spec": here.spec.model_copy(update={"training": training})})
    stop = TakenOver(document)
    with pytest.raises(StoppedEarly) as caught:
        jobs.train(document, stop=stop)
    assert caught.value.reason == "Superseded"
    assert 2 <= stop.board.progress.step < 8
    assert not (place(document) / "checkpoints").list()


def test_the_check_of_who_works_on_it_already_says_nothing_of_the_kind(
    there: RunDocument, held: None, tmp_path: Path
) -> None:
    assert not checked(there, tmp_path).elsewhere
