"""Every text is there in every language, with its places, and the compiled files are those of the sources."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.conf import settings

from tests.harness import environment
from tests.harness.not_run import not_run
from tests.measure.test_words import TELL
from tests.measure.test_words import texts as of_meters

LOCALE = environment.ROOT / "config" / "locale"
TRANSLATED = [code for code, _ in settings.LANGUAGES if code != "en"]
#: How the texts are taken out of the code; then `manage.py compilemessages` makes the .mo files.
EXTRACT = ["makemessages", "-l", "es", "-l", "fr", "-e", "html,py,css", "--no-obsolete", "--no-location", "--no-wrap"]
PLACES = re.compile(r"%\([a-z_]+\)[sd]|%%|</?[a-z]+[^>]*>")

languages = pytest.mark.parametrize("language", TRANSLATED)


def texts(language: str) -> polib.POFile:
    return polib.pofile(str(LOCALE / language / "LC_MESSAGES" / "django.po"))


def test_spanish_and_french_are_there() -> None:
    assert TRANSLATED == ["es", "fr"]


@languages
def test_every_text_is_translated_with_its_places(language: str) -> None:
    for entry in texts(language):
        assert not entry.fuzzy, entry.msgid
        assert entry.translated(), entry.msgid
        if entry.msgid_plural:
            allowed = (sorted(PLACES.findall(entry.msgid)), sorted(PLACES.findall(entry.msgid_plural)))
            for text in entry.msgstr_plural.values():
                assert sorted(PLACES.findall(text)) in allowed, text
        else:
            assert sorted(PLACES.findall(entry.msgstr)) == sorted(PLACES.findall(entry.msgid)), entry.msgstr


@languages
def test_the_compiled_file_is_that_of_the_source(language: str) -> None:
    compiled = polib.mofile(str(LOCALE / language / "LC_MESSAGES" / "django.mo"))
    held = {(entry.msgctxt, entry.msgid): entry for entry in compiled}
    for entry in texts(language):
        other = held.pop((entry.msgctxt, entry.msgid))
        assert (other.msgstr, other.msgstr_plural) == (entry.msgstr, entry.msgstr_plural), entry.msgid
    assert not held


def test_no_text_of_the_code_is_missing_in_the_files(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        not_run("xgettext is not on this machine (apt-get install gettext)")
    for name in ("config", "estimator", "reports", "templates"):
        shutil.copytree(environment.ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copy(environment.ROOT / "manage.py", tmp_path)
    own = os.environ | {"PYTHONPATH": str(tmp_path)}  # the settings of the copy, so that its files are written
    subprocess.run([sys.executable, "manage.py", *EXTRACT], cwd=tmp_path, env=own, check=True, capture_output=True)
    for language in TRANSLATED:
        found = polib.pofile(str(tmp_path / "config" / "locale" / language / "LC_MESSAGES" / "django.po"))
        asked = {(entry.msgctxt, entry.msgid) for entry in found if not entry.obsolete}
        held = {(entry.msgctxt, entry.msgid) for entry in texts(language)}
        assert not asked - held, "not in the file yet: manage.py " + " ".join(EXTRACT)
        assert not held - asked, "no longer in the code"


def test_what_meters_tell_is_taken_out_of_the_code() -> None:
    if shutil.which("xgettext") is None:
        not_run("xgettext is not on this machine (apt-get install gettext)")
    take = ["xgettext", "--language=Python", "--from-code=UTF-8", "--output=-", *map(str, TELL)]
    taken = subprocess.run(take, check=True, capture_output=True, text=True).stdout
    told = of_meters()
    assert len(told) > 50
    assert told == {entry.msgid for entry in polib.pofile(taken)}


def test_templates_leave_the_sign_after_a_label_to_its_language() -> None:
    """French sets a space before it: `{% translate ": " %}`, and never a sign of the template's own."""
    own = []
    for file in sorted((environment.ROOT / "templates").rglob("*.html")):
        text = re.sub(r"{% blocktranslate.*?endblocktranslate %}", "", file.read_text(), flags=re.DOTALL)
        own += [f"{file.name}: {found[0]}" for found in re.finditer(r"[}%]}(?:</\w+>)*[:;](?:\s|<).*", text)]
    assert not own
