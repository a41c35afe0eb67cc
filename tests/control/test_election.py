"""Candidates on a real API server: one leads, and never two."""

import asyncio
import json

import pytest

from candidates import MOST_SECONDS, World, play
from control_plane import ControlPlane
from preference_operator.cluster_errors import NotLeading

pytestmark = pytest.mark.cluster

LONG = {"lease_seconds": 600, "renew_seconds": 500}


def test_one_of_two_leads(api_server: ControlPlane) -> None:
    async def story(world: World) -> None:
        first = await world.candidate("first")
        await first.leads()
        second = await world.candidate("second")
        await world.renewals(10)
        assert second.election.reachable
        assert not second.election.leading.is_set()
        with pytest.raises(NotLeading):
            second.election.require()
        first.election.require()
        spec = (await world.lease())["spec"]
        assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("first", 1)

    play(api_server, story)


def test_who_does_not_renew_is_followed_after_its_lease(api_server: ControlPlane) -> None:
    async def story(world: World) -> None:
        first = await world.candidate("first")
        await first.leads()
        second = await world.candidate("second")
        await first.stops()
        first.election.require()
        await second.leads()
        assert not first.election.holds_certainly()
        assert (await world.lease())["spec"]["leaseTransitions"] == 2

    play(api_server, story)


def test_who_gives_the_lease_up_is_followed_at_once(api_server: ControlPlane) -> None:
    async def story(world: World) -> None:
        first = await world.candidate("first", **LONG)
        await first.leads()
        second = await world.candidate("second", **LONG)
        await first.stops()
        await first.election.release()
        assert not first.election.holds_certainly()
        await second.leads()

    play(api_server, story)


def test_a_lease_of_somebody_else_is_not_given_up(api_server: ControlPlane) -> None:
    async def story(world: World) -> None:
        first = await world.candidate("first")
        await first.leads()
        await first.stops()
        second = await world.candidate("second")
        await second.leads()
        await first.election.release()
        await world.renewals(2)
        assert (await world.lease())["spec"]["holderIdentity"] == "second"

    play(api_server, story)


def test_a_stolen_lease_is_noticed(api_server: ControlPlane) -> None:
    async def story(world: World) -> None:
        first = await world.candidate("first", **LONG)
        await first.leads()
        patch = {"spec": {"holderIdentity": "thief"}}
        api_server.kubectl(
            *("patch", "lease", "preference-operator", f"--namespace={world.namespace}"),
            *("--type=merge", f"--patch={json.dumps(patch)}"),
        )
        await first.loses()
        await first.election.release()
        assert (await world.lease())["spec"]["holderIdentity"] == "thief"

    play(api_server, story)


def test_of_two_with_one_identity_the_earlier_ends(api_server: ControlPlane) -> None:
    async def story(world: World) -> None:
        first = await world.candidate("same", **LONG)
        await first.leads()
        second = await world.candidate("same", **LONG)
        await second.leads()
        await first.loses()
        await world.renewals(2)
        second.election.require()

    play(api_server, story)


def test_a_lease_deleted_by_hand_is_made_again(api_server: ControlPlane) -> None:
    async def story(world: World) -> None:
        first = await world.candidate("first")
        await first.leads()
        before = await world.lease()
        await world.request("DELETE", name="preference-operator")
        async with asyncio.timeout(MOST_SECONDS):
            while "spec" not in (after := await world.lease()):
                await asyncio.sleep(0.05)
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        assert after["spec"]["acquireTime"] == before["spec"]["acquireTime"]
        first.election.require()

    play(api_server, story)
