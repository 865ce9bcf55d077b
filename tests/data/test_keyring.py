"""Key files, the keys derived from them and their check values."""

import base64
import copy
import hashlib
import hmac
import json
import os
import pickle
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Barrier

import pytest

from integration_admin.core.errors import ConfigurationError, Conflict, InvalidInput, KeyMissing
from integration_admin.data.keyring import Keyring, create_key

KNOWN = json.loads((Path(__file__).parent / "vectors" / "vault_v1.json").read_text())["keys"]
KEY = bytes(range(32))
ROOT = Path(__file__).parents[2]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    made.mkdir(mode=0o700)
    return made


def put(directory: Path, name: str, content: bytes, mode: int = 0o600) -> Path:
    path = directory / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


def put_key(directory: Path, name: str, key: bytes = KEY, mode: int = 0o600) -> Path:
    return put(directory, name, base64.b64encode(key) + b"\n", mode)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known["key_id"])
def test_a_frozen_key_file_still_yields_the_same_keys(known: dict, directory: Path) -> None:
    put(directory, known["key_id"], known["file"].encode())
    keyring = Keyring.load(directory)
    assert keyring.ids == (known["key_id"],)
    assert {purpose: keyring.derive(known["key_id"], purpose).hex() for purpose in known["derived"]} == (
        known["derived"]
    )
    assert keyring.kcv(known["key_id"]) == known["kcv"]


def test_derivation_is_hkdf_sha256_with_the_purpose_as_its_info() -> None:
    extracted = hmac.new(bytes(32), KEY, hashlib.sha256).digest()
    expected = hmac.new(extracted, b"integration-admin/vault/v1\x01", hashlib.sha256).digest()
    assert Keyring({"a": KEY}).derive("a", "vault/v1") == expected


def test_every_purpose_and_every_root_key_has_a_derived_key_of_its_own() -> None:
    keyring = Keyring({"a": KEY, "b": KEY[::-1]})
    derived = {keyring.derive(key_id, purpose) for key_id in "ab" for purpose in ("vault/v1", "kcv/v1", "x")}
    assert len(derived) == 6
    assert KEY not in derived


def test_the_check_value_depends_on_the_id_and_on_the_key() -> None:
    one, two = Keyring({"a": KEY, "b": KEY}), Keyring({"a": KEY[::-1]})
    assert len({one.kcv("a"), one.kcv("b"), two.kcv("a")}) == 3
    assert len(one.kcv("a")) == 32


def test_an_unknown_key_id_is_missing_by_name() -> None:
    keyring = Keyring({"a": KEY})
    for ask in (lambda: keyring.derive("gone", "vault/v1"), lambda: keyring.kcv("gone")):
        with pytest.raises(KeyMissing, match="gone"):
            ask()


def test_line_ends_of_an_editor_do_not_matter(directory: Path) -> None:
    for name, end in (("a", b""), ("b", b"\n"), ("c", b"\r\n")):
        put(directory, name, base64.b64encode(KEY) + end)
    assert Keyring.load(directory).ids == ("a", "b", "c")


def test_ids_are_sorted_and_hidden_files_are_passed_over(directory: Path) -> None:
    for name in ("b", "a", "0-x"):
        put_key(directory, name)
    put(directory, ".unfinished", b"half", 0o644)
    assert Keyring.load(directory).ids == ("0-x", "a", "b")


def test_a_missing_or_empty_directory_is_an_empty_keyring(directory: Path) -> None:
    assert Keyring.load(directory).ids == ()
    assert Keyring.load(directory / "nowhere").ids == ()


def test_a_private_file_is_read(directory: Path) -> None:
    for mode in (0o400, 0o600):
        put_key(directory, f"{mode:o}", mode=mode)
    assert Keyring.load(directory).ids == ("400", "600")


@pytest.mark.parametrize("mode", [0o601, 0o602, 0o604, 0o610, 0o620, 0o640, 0o644, 0o660, 0o666, 0o777])
def test_a_file_others_can_reach_is_refused_with_what_to_run(directory: Path, mode: int) -> None:
    path = put_key(directory, "a", mode=mode)
    with pytest.raises(ConfigurationError) as refused:
        Keyring.load(directory)
    assert str(refused.value.message) == f"Other users can reach {path}. Run: chmod 600 {path}"


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o705, 0o750, 0o755, 0o770, 0o777])
def test_a_directory_others_can_reach_is_refused_with_what_to_run(directory: Path, mode: int) -> None:
    put_key(directory, "a")
    directory.chmod(mode)
    for attempt in (lambda: Keyring.load(directory), lambda: create_key(directory, "b")):
        with pytest.raises(ConfigurationError) as refused:
            attempt()
        assert str(refused.value.message).endswith(f"Run: chmod 700 {directory}")
    assert [path.name for path in directory.iterdir()] == ["a"]


def test_keys_of_another_user_are_refused_with_what_to_run(directory: Path) -> None:
    put_key(directory, "a")
    somebody = os.geteuid() + 1
    with pytest.raises(ConfigurationError) as refused:
        Keyring.load(directory, owner=somebody)
    assert str(refused.value.message).endswith(f"Run: chown {somebody} {directory}")


def test_a_path_with_a_space_is_quoted_in_what_to_run(tmp_path: Path) -> None:
    directory = tmp_path / "my keys"
    directory.mkdir(mode=0o755)
    with pytest.raises(ConfigurationError, match=r"chmod 700 '.*my keys'$"):
        Keyring.load(directory)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(KEY, id="raw bytes"),
        pytest.param(KEY.hex().encode(), id="hexadecimal"),
        pytest.param(base64.b64encode(KEY[:31]), id="31 bytes"),
        pytest.param(base64.b64encode(KEY + b"x"), id="33 bytes"),
        pytest.param(base64.b64encode(KEY).rstrip(b"="), id="no padding"),
        pytest.param(base64.b64encode(KEY).replace(b"8=", b"9="), id="stray bits at the end"),
        pytest.param(base64.urlsafe_b64encode(b"\xff" * 32), id="url alphabet"),
        pytest.param(b" " + base64.b64encode(KEY), id="leading space"),
        pytest.param(base64.b64encode(KEY)[:20] + b"\n" + base64.b64encode(KEY)[20:], id="two lines"),
        pytest.param(base64.b64encode(KEY) + b"\n" + base64.b64encode(KEY), id="two keys"),
        pytest.param(b"A" * 100_000, id="long"),
    ],
)
def test_a_file_that_is_not_a_key_is_refused_without_its_content(directory: Path, content: bytes) -> None:
    path = put(directory, "a", content)
    with pytest.raises(ConfigurationError, match="is not a vault key") as refused:
        Keyring.load(directory)
    assert str(path) in refused.value.internal
    assert content == b"" or content.decode("latin-1") not in refused.value.internal


@pytest.mark.parametrize("name", ["A", "a_b", "-a", "a.bak", "a~", "å", "a" * 33, "a b"])
def test_a_file_whose_name_is_no_key_id_is_refused(directory: Path, name: str) -> None:
    put_key(directory, name)
    with pytest.raises(ConfigurationError, match="is not a vault key"):
        Keyring.load(directory)
    with pytest.raises(InvalidInput):
        create_key(directory, name)


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "a/b", "a\n", "a\0"])
def test_a_key_is_never_written_outside_the_directory(directory: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        create_key(directory, name)
    assert list(directory.iterdir()) == []
    assert list(directory.parent.iterdir()) == [directory]


def test_links_directories_and_pipes_are_refused_without_being_opened(directory: Path) -> None:
    target = put_key(directory.parent, "target")
    makers = (
        lambda path: path.symlink_to(target),
        lambda path: path.mkdir(mode=0o700),
        lambda path: os.mkfifo(path, 0o600),
    )
    for make in makers:
        make(directory / "a")
        with pytest.raises(ConfigurationError, match="is not a vault key"):
            Keyring.load(directory)
        shutil.rmtree(directory)
        directory.mkdir(mode=0o700)


def test_a_keyring_that_is_a_file_or_a_broken_link_is_refused(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.touch(mode=0o600)
    link.symlink_to(tmp_path / "gone")
    for path in (file, link):
        for attempt in (lambda path=path: Keyring.load(path), lambda path=path: create_key(path, "a")):
            with pytest.raises(ConfigurationError):
                attempt()
    with pytest.raises(ConfigurationError, match="is not a directory"):
        Keyring.load(file)
    assert file.read_bytes() == b""


def open_files() -> Iterator[Path]:
    """Where what this process has open lies; what a server of another test opens meanwhile may be gone again."""
    for number in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            yield number.readlink()


def test_a_new_key_is_private_random_and_readable(tmp_path: Path) -> None:
    directory = tmp_path / "instance" / "keys"
    create_key(directory, "a")
    create_key(directory, "b")
    assert [path for path in open_files() if path.is_relative_to(tmp_path)] == []
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert {path.stat().st_nlink for path in directory.iterdir()} == {1}
    assert sorted(path.name for path in directory.iterdir()) == ["a", "b"]
    keyring = Keyring.load(directory)
    assert keyring.derive("a", "x") != keyring.derive("b", "x")


def test_a_new_key_holds_the_bytes_it_was_given(directory: Path) -> None:
    create_key(directory, "a", random=lambda count: KEY[:count])
    assert (directory / "a").read_bytes() == base64.b64encode(KEY) + b"\n"


def test_an_existing_name_is_never_overwritten_nor_a_link_followed(directory: Path) -> None:
    path, elsewhere = put_key(directory, "a"), directory.parent / "elsewhere"
    (directory / "b").symlink_to(elsewhere)
    before = path.read_bytes()
    for name in ("a", "b"):
        with pytest.raises(Conflict, match=f"{name} already exists"):
            create_key(directory, name)
    assert path.read_bytes() == before
    assert sorted(path.name for path in directory.iterdir()) == ["a", "b"]
    assert not elsewhere.exists()


def test_a_failure_half_way_leaves_no_key_behind(directory: Path) -> None:
    def fail(count: int) -> bytes:
        raise OSError(5, "Input/output error", count)

    with pytest.raises(ConfigurationError, match="Input/output error"):
        create_key(directory, "a", random=fail)
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("moment", ["os.link", "os.remove"])
def test_a_process_that_is_killed_leaves_no_second_copy_of_the_key(directory: Path, moment: str) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from integration_admin.data.keyring import create_key;"
        "end = lambda event, _: event == sys.argv[2] and os.kill(os.getpid(), signal.SIGKILL);"
        "sys.addaudithook(end); create_key(Path(sys.argv[1]), 'a')"
    )
    subprocess.run([sys.executable, "-c", code, str(directory), moment], cwd=ROOT, check=False)
    assert {path.name for path in directory.iterdir()} <= {"a"}
    with suppress(Conflict):
        create_key(directory, "a")
    assert Keyring.load(directory).ids == ("a",)


def test_where_no_file_goes_without_a_name_the_key_is_made_all_the_same(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    create_key(directory, "a", random=lambda count: KEY[:count])
    with pytest.raises(Conflict):
        create_key(directory, "a")
    assert [(path.name, path.stat().st_nlink) for path in directory.iterdir()] == [("a", 1)]
    assert (directory / "a").read_bytes() == base64.b64encode(KEY) + b"\n"


def test_of_threads_racing_for_a_key_one_makes_it(tmp_path: Path) -> None:
    def attempt(directory: Path, start: Barrier, key: bytes) -> bytes | None:
        start.wait()
        try:
            create_key(directory, "a", random=lambda _: key)
        except Conflict:
            return None
        return key

    with ThreadPoolExecutor(4) as pool:
        for number in range(25):
            directory, start = tmp_path / str(number), Barrier(4)
            made = [pool.submit(attempt, directory, start, bytes([racer]) * 32) for racer in range(4)]
            (winner,) = [key for racing in made if (key := racing.result()) is not None]
            assert [path.name for path in directory.iterdir()] == ["a"]
            assert (directory / "a").read_bytes() == base64.b64encode(winner) + b"\n"


def test_of_processes_racing_for_a_key_one_makes_it(directory: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from integration_admin.data.keyring import create_key;"
        "print(flush=True); sys.stdin.read(); create_key(Path(sys.argv[1]), 'a')"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-c", code, str(directory)]
    with ExitStack() as stack:
        racers = [
            stack.enter_context(subprocess.Popen(command, **pipes, text=True, cwd=ROOT)) for _ in range(3)
        ]
        for racer in racers:
            racer.stdout.readline()  # ready, waiting for the end of its input
        for racer in racers:
            racer.stdin.close()
        errors = [racer.stderr.read() for racer in racers]
    assert sorted(racer.returncode for racer in racers) == [0, 1, 1]
    assert sum("already exists" in error for error in errors) == 2
    assert Keyring.load(directory).ids == ("a",)


def test_a_keyring_prints_only_ids_and_is_neither_copied_nor_pickled() -> None:
    key = b"FAKE-root-key-FAKE-root-key-FAKE"
    keyring = Keyring({"a": key, "b": KEY})
    assert repr(keyring) == str(keyring) == f"{keyring}" == "Keyring(a, b)"
    assert not hasattr(keyring, "__dict__")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(keyring, protocol)
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            duplicate(keyring)
