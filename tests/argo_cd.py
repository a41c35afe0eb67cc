"""Argo CD's side of a PreferenceJob: runs the Lua of this repository as Argo CD does.

Argo CD runs Lua 5.1 with the base, table and package libraries, and of `os` only date and time,
by `require("os")`; no strings, no mathematics (util/lua/lua.go in argoproj/argo-cd).
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from lupa import lua51

Body = dict[str, Any]

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "gitops/argocd/resource_customizations/preference.dev/PreferenceJob"
_SANDBOX = """
local os = { date = os.date, time = os.time }
for _, name in ipairs({ "string", "math", "io", "debug", "coroutine", "os" }) do
  package.loaded[name], _G[name] = nil, nil
end
getmetatable("").__index = nil
package.preload.os = function() return os end
python = nil
"""


class HealthStatus(StrEnum):
    """What a health check of Argo CD may answer."""

    PROGRESSING = "Progressing"
    HEALTHY = "Healthy"
    DEGRADED = "Degraded"
    SUSPENDED = "Suspended"


@dataclass(frozen=True, slots=True)
class Health:
    """Health of an object."""

    status: HealthStatus
    message: str


def health(body: Body) -> Health:
    """What the health check says of an object."""
    told = run(_text("health.lua"), body)
    return Health(HealthStatus(told["status"]), told["message"])


def actions(body: Body) -> dict[str, Body]:
    """The actions of an object by their names, each with what is shown of it."""
    found: dict[str, Body] = run(_text("actions/discovery.lua"), body)
    return found


def act(action: str, body: Body) -> Body:
    """The object as an action wants it."""
    wanted: Body = _kept_objects(run(_text(f"actions/{action}/action.lua"), body), body)
    return wanted


def run(script: str, body: Body) -> Any:
    """What a script returns for an object."""
    runtime = lua51.LuaRuntime()
    runtime.execute(_SANDBOX)
    runtime.globals().obj = _to_lua(runtime, body)
    return _from_lua(runtime.execute(script))


def _text(script: str) -> str:
    return (FOLDER / script).read_text(encoding="utf-8")


def _to_lua(runtime: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return runtime.table_from({key: _to_lua(runtime, one) for key, one in value.items()})
    if isinstance(value, list):
        return runtime.table_from([_to_lua(runtime, one) for one in value])
    return value


def _from_lua(value: Any) -> Any:
    """As Argo CD encodes it: a table without entries becomes an empty list."""
    if lua51.lua_type(value) != "table":
        return value
    entries = {key: _from_lua(one) for key, one in value.items()}
    if all(isinstance(key, int) for key in entries):
        return [entries[place + 1] for place in range(len(entries))]
    return entries


def _kept_objects(after: Any, before: Any) -> Any:
    """Give back what was an empty object before, as Argo CD does (cleanReturnedObj)."""
    if isinstance(after, dict) and isinstance(before, dict):
        return {key: _kept_objects(one, before.get(key)) for key, one in after.items()}
    if isinstance(after, list) and isinstance(before, list):
        return [_kept_objects(*pair) for pair in zip(after, before, strict=True)]
    return before if after == [] and before == {} else after
