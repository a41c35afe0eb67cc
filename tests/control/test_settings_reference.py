"""The page on operating names every setting as the code has it."""

from preference_operator.settings import Settings, variable
from preference_operator.settings_reference import FILE


def test_the_page_is_what_the_settings_say() -> None:
    assert FILE.path.read_text(encoding="utf-8") == FILE.render(), f"write {FILE.path} again"


def test_every_setting_has_its_row() -> None:
    text = FILE.path.read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"| `{variable(name)}` |" not in text] == []
