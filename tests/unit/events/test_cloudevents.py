"""CloudEvents: what is written is read again, by us and by the SDK, and nothing bad gets in."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.exceptions import CloudEventValidationError, InvalidAttributeValueError
from cloudevents.core.v1.event import CloudEvent
from hypothesis import example, given, settings
from hypothesis import strategies as st

from events.domain.cloudevents import (
    BATCH,
    MAX_DEPTH,
    MAX_HEADER,
    STRUCTURED,
    Message,
    batch_of,
    event_of,
    make_event,
    parse_http,
    stored_text,
    to_batch,
    to_binary,
    to_structured,
    with_sequence,
)
from oms_project.core.errors import BadRequest

NOON = datetime(2026, 3, 4, 12, 0, 0, 250000, tzinfo=UTC)
MODES = ("structured", "binary", "batch")
#: What the specification lets a String have.
UNICODE = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Cn"))
    | st.sampled_from('%"\\ ~ÿ\u200b\U0001f600é한'),
    max_size=20,
)
FILLED = UNICODE.filter(bool)
NAMES = st.from_regex("[a-z0-9]{1,20}", fullmatch=True).filter(
    lambda name: (
        name
        not in {
            "id",
            "source",
            "type",
            "specversion",
            "time",
            "subject",
            "data",
            "dataschema",
            "datacontenttype",
        }
    )
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**60), 10**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=("Cs",)), max_size=5), inner, max_size=4
        )
    ),
    max_leaves=12,
)
TYPES_OF_JSON = st.sampled_from(
    [
        "application/json",
        "application/vnd.x-y+json",
        "text/json",
        "application/json; charset=utf-8",
    ]
)
CONTENTS = st.one_of(
    st.tuples(TYPES_OF_JSON, JSON),
    st.tuples(
        st.sampled_from(["text/plain", "text/csv; charset=UTF-8", 'text/x;a="b ;c"']),
        st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20),
    ),
    st.tuples(
        st.sampled_from(["application/octet-stream", "image/png", "application/xml"]),
        st.binary(min_size=1, max_size=40),
    ),
)


@st.composite
def events(draw: st.DrawFn) -> CloudEvent:
    datacontenttype, data = draw(CONTENTS)
    return make_event(
        id=draw(FILLED),
        source="/" + draw(st.from_regex(r"[^\s\x00-\x1f\x7f-\x9f]{0,9}", fullmatch=True).map(_fit)),
        type=draw(FILLED),
        time=draw(
            st.datetimes(
                min_value=datetime(2, 1, 1),  # noqa: DTZ001 hypothesis adds the zone
                max_value=datetime(9998, 1, 1),  # noqa: DTZ001
                timezones=st.timezones(),
                allow_imaginary=False,
            )
        ),
        data=data,
        subject=draw(UNICODE),
        datacontenttype=datacontenttype,
        dataschema=draw(st.sampled_from(["", "https://example.org/é?a=%20", "urn:x:y"])),
        extensions=draw(st.dictionaries(NAMES, UNICODE, max_size=3)),
    )


def _fit(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


def plain(**members: Any) -> dict[str, Any]:
    """Members of a valid event, with changes; `...` takes one away."""
    body: dict[str, Any] = {
        "specversion": "1.0",
        "id": "1",
        "source": "/s",
        "type": "t",
    } | members
    return {name: value for name, value in body.items() if value is not ...}


def sent(members: dict[str, Any], mode: str) -> Message:
    """``members`` as they stand, in a mode."""
    if mode == "structured":
        return Message({"content-type": STRUCTURED}, json.dumps(members).encode())
    if mode == "batch":
        body = json.dumps([plain(), members]).encode()
        return Message({"content-type": BATCH}, body)
    headers = {f"ce-{name}": str(value) for name, value in members.items()}
    return Message(headers, b"")


def refused(headers: Any, body: bytes, **more: Any) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        parse_http(headers, body, **more)
    error = caught.value
    assert error.error_code == "bad_cloudevent"
    assert error.errors
    assert all(set(each) == {"field", "message"} for each in error.errors)
    json.dumps([error.message, error.errors], ensure_ascii=False).encode()
    return error


def refused_in(members: dict[str, Any], mode: str = "structured") -> BadRequest:
    message = sent(members, mode)
    return refused(message.headers, message.body)


def read(members: dict[str, Any], mode: str = "structured") -> CloudEvent:
    message = sent(members, mode)
    return parse_http(message.headers, message.body)[-1]


def same(one: Any, other: Any) -> None:
    assert one.get_attributes() == other.get_attributes()
    assert_same_data(one.get_data(), other.get_data())


def assert_same_data(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    assert repr(one) == repr(other) or one == other


# ---- Round trips --------------------------------------------------------------------------------


@given(events())
@settings(max_examples=150)
def test_what_is_stored_is_read_again(event: CloudEvent) -> None:
    text = stored_text(event)
    again = event_of(text)
    same(again, event)
    assert stored_text(again) == text
    assert json.loads(text)["specversion"] == "1.0"


@given(events())
@settings(max_examples=200)
def test_every_mode_says_the_same_event(event: CloudEvent) -> None:
    for message in (to_structured(event), to_binary(event), to_batch([event])):
        assert all(name == name.lower() for name in message.headers)
        assert all(value.isascii() and value.isprintable() for value in message.headers.values())
        loud = {name.upper(): value for name, value in message.headers.items()}
        (again,) = parse_http(loud, message.body)
        same(again, event)


@given(events())
@settings(max_examples=150)
def test_the_sdk_reads_what_is_written(event: CloudEvent) -> None:
    for message in (to_structured(event), to_binary(event)):
        read_by_sdk = http.from_http_event(http.HTTPMessage(dict(message.headers), message.body))
        assert read_by_sdk.get_attributes() == event.get_attributes()
        data, wanted = read_by_sdk.get_data(), event.get_data()
        if isinstance(wanted, bytes) and isinstance(data, str):
            data = data.encode()  # the SDK takes every body in UTF-8 for text
        assert data == wanted


@given(st.lists(events(), max_size=5))
@settings(max_examples=30)
def test_a_batch_keeps_order(several: list[CloudEvent]) -> None:
    message = to_batch(several)
    again = parse_http(message.headers, message.body)
    assert len(again) == len(several)
    for one, other in zip(again, several, strict=True):
        same(one, other)


@given(events(), st.integers(0, 10**20 - 1), st.integers(0, 2**63))
@settings(max_examples=150)
def test_splicing_a_sequence_is_the_same_as_parsing(
    event: CloudEvent, first: int, second: int
) -> None:
    text = stored_text(event)
    quick = with_sequence(text, first)
    slow = stored_text(event_of(text, sequence=first))
    assert json.loads(quick) == json.loads(slow)
    assert quick.count(b'{"sequence":"') >= 1
    (again,) = parse_http({"content-type": STRUCTURED}, quick)  # refuses a member that is twice
    assert again.get_extension("sequence") == f"{first:020d}"
    # A text that has one already, from us or from outside, gets the new one in its place.
    assert json.loads(with_sequence(slow, second)) == json.loads(
        stored_text(event_of(text, sequence=second))
    )
    batch = batch_of([(text, first), (slow, second)])
    assert batch.headers == {"content-type": BATCH}
    assert json.loads(batch.body) == [
        json.loads(stored_text(event_of(text, sequence=number))) for number in (first, second)
    ]


@pytest.mark.parametrize("own", ['"', "\\", '",', '\\"', "a\\", '"}', "%", "é"])
def test_a_sequence_from_outside_is_replaced(own: str) -> None:
    event = make_event(
        id="1",
        source="/s",
        type="t",
        time=NOON,
        data={"sequence": "x"},
        extensions={"sequence": own},
    )
    text = stored_text(event)
    assert event_of(text).get_extension("sequence") == own
    spliced = event_of(with_sequence(text, 7).decode())
    assert spliced.get_extension("sequence") == "0" * 19 + "7"
    assert spliced.get_data() == {"sequence": "x"}


def test_a_text_from_elsewhere_gets_a_sequence_too() -> None:
    text = json.dumps(plain() | {"sequence": "5"}, indent=1)
    assert json.loads(with_sequence(text, 6))["sequence"] == "0" * 19 + "6"


@pytest.mark.parametrize("number", [-1, 10**20])
def test_a_sequence_has_at_most_twenty_digits(number: int) -> None:
    text = stored_text(make_event(id="1", source="/s", type="t", time=NOON, data=None))
    with pytest.raises(ValueError, match="20 digits"):
        with_sequence(text, number)
    with pytest.raises(ValueError, match="20 digits"):
        event_of(text, sequence=number)


def test_sequences_sort_as_text() -> None:
    text = stored_text(make_event(id="1", source="/s", type="t", time=NOON, data=None))
    numbers = [0, 9, 10, 99, 2**40, 2**63]
    written = [event_of(text, sequence=number).get_extension("sequence") for number in numbers]
    assert written == sorted(written)


def test_an_empty_batch_is_no_events() -> None:
    assert to_batch([]) == batch_of([]) == Message({"content-type": BATCH}, b"[]")
    assert parse_http({"Content-Type": BATCH}, b" [] ") == []


# ---- Writing ------------------------------------------------------------------------------------


def test_empty_members_are_left_out() -> None:
    event = make_event(
        id="1", source="/s", type="t", time=NOON, data=None, extensions={"a": "", "b": "x"}
    )
    assert stored_text(event) == (
        '{"specversion":"1.0","id":"1","source":"/s","type":"t",'
        '"time":"2026-03-04T12:00:00.250000Z","b":"x"}'
    )
    message = to_binary(event)
    assert message.body == b""
    assert "content-type" not in message.headers


@pytest.mark.parametrize(
    ("datacontenttype", "data", "member"),
    [
        ("application/json", {"a": [1, None]}, '"data":{"a":[1,null]}'),
        ("application/json", "text", '"data":"text"'),
        ("application/json", "", '"data":""'),
        ("application/json", False, '"data":false'),
        ("application/json", b'{"a": 1}', '"data":{"a":1}'),
        ("application/JSON", [1], '"data":[1]'),
        ("text/plain", "é", '"data":"é"'),
        ("text/plain", b"\xc3\xa9", '"data":"é"'),
        ("text/plain", b"\xff", '"data_base64":"/w=="'),
        ("text/plain;charset=latin-1", b"a", '"data_base64":"YQ=="'),
        ("application/xml", "<a/>", '"data":"<a/>"'),
        ("application/xml", b"<a/>", '"data_base64":"PGEvPg=="'),
        ("image/png", bytearray(b"\x00"), '"data_base64":"AA=="'),
    ],
)
def test_data_is_written_as_its_type_says(datacontenttype: str, data: Any, member: str) -> None:
    event = make_event(
        id="1", source="/s", type="t", time=NOON, data=data, datacontenttype=datacontenttype
    )
    assert stored_text(event).endswith(f",{member}}}")


@pytest.mark.parametrize("data", ["", b""])
def test_an_empty_text_is_no_data(data: Any) -> None:
    event = make_event(
        id="1", source="/s", type="t", time=NOON, data=data, datacontenttype="text/plain"
    )
    assert event.get_data() is None
    assert event.get_datacontenttype() is None


def test_texts_and_arrays_of_json_are_json_in_binary_mode() -> None:
    for data, body in (("a", b'"a"'), ([1, "b"], b'[1,"b"]'), (True, b"true"), (1.5, b"1.5")):
        event = make_event(id="1", source="/s", type="t", time=NOON, data=data)
        assert to_binary(event).body == body


def test_headers_are_percent_encoded() -> None:
    event = make_event(id='a "%é', source="/s", type="€ 😀", time=NOON, data=None)
    headers = to_binary(event).headers
    assert headers["ce-id"] == "a%20%22%25%C3%A9"
    assert headers["ce-type"] == "%E2%82%AC%20%F0%9F%98%80"
    assert headers["ce-time"] == "2026-03-04T12:00:00.250000Z"


def test_time_is_kept_in_utc() -> None:
    moment = NOON.astimezone(timezone(timedelta(hours=5, seconds=30)))
    event = make_event(id="1", source="/s", type="t", time=moment, data=None)
    assert '"time":"2026-03-04T12:00:00.250000Z"' in stored_text(event)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("id", {"id": ""}),
        ("id", {"id": 5}),
        ("source", {"source": ""}),
        ("source", {"source": "a b"}),
        ("type", {"type": "a\n"}),
        ("type", {"type": "\ud800"}),
        ("subject", {"subject": "\x7f"}),
        ("time", {"time": datetime(2026, 1, 1)}),  # noqa: DTZ001 what is refused
        ("time", {"time": "2026"}),
        ("time", {"time": datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))}),
        ("dataschema", {"dataschema": "relative"}),
        ("datacontenttype", {"datacontenttype": "json"}),
        ("datacontenttype", {"datacontenttype": STRUCTURED}),
        ("Bad", {"extensions": {"Bad": "x"}}),
        ("a\n", {"extensions": {"a\n": "x"}}),
        ("id", {"extensions": {"id": "x"}}),
        ("data", {"extensions": {"data": "x"}}),
        ("data", {"data": b"{", "datacontenttype": "application/json"}),
        ("data", {"data": {}, "datacontenttype": "text/plain"}),
        ("data", {"data": "\ud800", "datacontenttype": "text/plain"}),
        ("data", {"data": "a", "datacontenttype": "text/plain; charset=latin-1"}),
    ],
)
def test_what_breaks_a_rule_is_not_made(field: str, change: dict[str, Any]) -> None:
    members: dict[str, Any] = {"id": "1", "source": "/s", "type": "t", "time": NOON, "data": {}}
    with pytest.raises(BadRequest) as caught:
        make_event(**(members | change))
    assert [error["field"].replace("\\n", "\n") for error in caught.value.errors] == [field]


def nested(depth: int) -> Any:
    value: Any = []
    for place in range(depth - 1):
        value = [value] if place % 2 else {"a": value}
    return value


@pytest.mark.parametrize(
    "data",
    [
        float("nan"),
        [None, float("inf")],
        Decimal("NaN"),
        {"a": object()},
        {1: 1, "1": 2},
        "\ud800",
        10**400,
        10**5000,
        datetime(2026, 1, 1, tzinfo=UTC),
        nested(MAX_DEPTH + 1),
        nested(5000),
        [b"bytes"],
    ],
    ids=lambda _: "",
)
def test_what_json_cannot_say_is_not_written(data: Any) -> None:
    event = make_event(id="1", source="/s", type="t", time=NOON, data=data)
    for write in (stored_text, to_binary, to_structured):
        with pytest.raises(BadRequest) as caught:
            write(event)
        assert caught.value.errors[0]["field"] == "data"


def test_numbers_keep_their_value() -> None:
    body = b'{"a":0.1000000000000000055511,"b":123456789012345678901234567890,"c":0.1}'
    headers = {"content-type": "application/json"} | {
        f"ce-{name}": value for name, value in plain().items()
    }
    (event,) = parse_http(headers, body)
    assert to_binary(event).body == body
    again = event_of(stored_text(event))
    assert again.get_data() == event.get_data()
    assert isinstance(again.get_data()["c"], float)


def test_data_may_be_as_deep_in_every_mode() -> None:
    event = make_event(id="1", source="/s", type="t", time=NOON, data=nested(MAX_DEPTH))
    for message in (to_structured(event), to_binary(event), to_batch([event])):
        (again,) = parse_http(message.headers, message.body)
        assert again.get_data() == event.get_data()
    deeper = json.dumps(nested(MAX_DEPTH + 1))
    headers = {f"ce-{name}": value for name, value in plain().items()}
    assert (
        refused(headers | {"content-type": "a/json"}, deeper.encode()).errors[0]["field"] == "data"
    )
    text = stored_text(make_event(id="1", source="/s", type="t", time=NOON, data=1))
    body = text.replace('"data":1', f'"data":{deeper}').encode()
    assert refused({"content-type": STRUCTURED}, body).errors[0]["field"] == "body"


# ---- Required attributes ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["id", "source", "type", "specversion"])
def test_a_required_attribute_is_missing(name: str, mode: str) -> None:
    error = refused_in(plain(**{name: ...}), mode)
    sentence = f"The required attribute '{name}' is missing."
    place = "/1/" if mode == "batch" else ""
    assert error.message == ("Event 1 of the batch: " if place else "") + sentence
    assert error.errors == [{"field": f"{place}{name}", "message": sentence}]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["id", "source", "type", "specversion"])
def test_a_required_attribute_is_empty(name: str, mode: str) -> None:
    error = refused_in(plain(**{name: ""}), mode)
    assert f"The required attribute '{name}' is empty." in error.message
    assert [each["field"].rpartition("/")[2] for each in error.errors] == [name]


@pytest.mark.parametrize("mode", ["structured", "batch"])
@pytest.mark.parametrize("name", ["id", "source", "type", "specversion"])
def test_null_is_missing(name: str, mode: str) -> None:
    assert f"'{name}' is missing" in refused_in(plain(**{name: None}), mode).message


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", ["0.3", "1.1", "1"])
def test_another_version_is_refused(version: str, mode: str) -> None:
    error = refused_in(plain(specversion=version), mode)
    assert f"'specversion' is '{version}'; only '1.0'" in error.message


def test_every_problem_is_named() -> None:
    error = refused_in({"id": "", "Bad": "x", "time": "now"})
    assert [each["field"] for each in error.errors] == [
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "Bad",
    ]
    assert error.message.endswith("There are 5 more problems.")


def test_problems_of_a_batch_are_bounded_and_have_places() -> None:
    error = refused({"content-type": BATCH}, json.dumps([plain(), 5, *[{}] * 500]).encode())
    assert error.errors[0]["field"] == "/1/body"
    assert error.errors[1]["field"] == "/2/specversion"
    assert len(error.errors) == 100


# ---- Other attributes ---------------------------------------------------------------------------


@pytest.mark.parametrize("value", [5, 1.5, True, [], {}])
@pytest.mark.parametrize(
    "name",
    ["id", "source", "type", "specversion", "subject", "time", "datacontenttype", "dataschema"],
)
def test_attributes_are_strings(name: str, value: Any) -> None:
    error = refused_in(plain(**{name: value}))
    assert [each["field"] for each in error.errors] == [name]
    assert f"The attribute '{name}' must be a string, not a" in error.message


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["subject", "time", "dataschema"])
def test_optional_attributes_are_not_empty(name: str, mode: str) -> None:
    assert f"The attribute '{name}' is empty." in refused_in(plain(**{name: ""}), mode).message


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "2026-03-04",
        "20260304T120000Z",
        "2026-03-04 12:00:00Z",
        "2026-03-04T12:00Z",
        "2026-03-04T12:00:00,5Z",
        "2026-W10-3T12:00:00Z",
        "2026-03-04T12:00:00+0100",
        "2026-03-04T12:00:00+01",
        "2026-02-30T12:00:00Z",
        "2026-03-04T24:00:00Z",
        "2026-03-04T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-03-04T12:00:00+25:00",
        "٢٠٢٦-03-04T12:00:00Z",
        "2026-03-04T12:00:00Z ",
    ],
)
def test_time_is_rfc_3339(text: str) -> None:
    error = refused_in(plain(time=text))
    assert [each["field"] for each in error.errors] == ["time"]
    assert "The attribute 'time' is no" in error.message


@pytest.mark.parametrize("mode", MODES)
def test_time_has_a_zone(mode: str) -> None:
    error = refused_in(plain(time="2026-03-04T12:00:00"), mode)
    assert "The attribute 'time' has no time zone" in error.message


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-04T12:00:00.25Z", NOON),
        ("2026-03-04t12:00:00.250000999z", NOON),
        ("2026-03-04T17:30:00.25+05:30", NOON),
        ("2026-03-04T12:00:00.25-00:00", NOON),
    ],
)
def test_times_are_read(text: str, moment: datetime, mode: str) -> None:
    assert read(plain(time=text), mode).get_time() == moment


@pytest.mark.parametrize("mode", MODES)
def test_an_event_without_time_gets_none(mode: str) -> None:
    assert read(plain(), mode).get_time() is None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["a-b", "a_b", "ä", "a.b", "data_base65", "a b"])
def test_extensions_have_names_of_letters_and_digits(name: str, mode: str) -> None:
    error = refused_in(plain(**{name: "x"}), mode)
    assert "is no name of an extension" in error.message


@pytest.mark.parametrize("name", ["", "Upper", "ID", "a\n", "x" * 100000 + "-"])
def test_names_that_only_json_can_have(name: str) -> None:
    error = refused_in(plain(**{name: "x"}))
    assert "is no name of an extension" in error.message
    assert len(error.message) < 300


@pytest.mark.parametrize("name", ["data", "data_base64"])
def test_data_is_no_header(name: str) -> None:
    assert refused_in(plain(**{name: "x"}), "binary").errors[0]["field"] == name


def test_the_content_type_is_no_ce_header() -> None:
    error = refused_in(plain(datacontenttype="text/plain"), "binary")
    assert error.errors[0]["field"] == "datacontenttype"


@pytest.mark.parametrize("value", [{}, [], 1.5, 1.0, 2**31, -(2**31) - 1, 10**30])
def test_extensions_are_strings_integers_or_booleans(value: Any) -> None:
    error = refused_in(plain(ext=value))
    assert error.errors[0]["field"] == "ext"


def test_extensions_have_one_form_in_every_mode() -> None:
    event = read(plain(a=5, b=True, c=False, d=None, e="", f="é", g=-(2**31)))
    attributes = event.get_attributes()
    assert {name: attributes[name] for name in "abcefg"} == {
        "a": "5",
        "b": "true",
        "c": "false",
        "e": "",
        "f": "é",
        "g": "-2147483648",
    }
    assert "d" not in attributes
    message = to_binary(event)
    same(parse_http(message.headers, message.body)[0], event)


@pytest.mark.parametrize("unfit", ["\x00", "\n", "\x7f", "\x85", "\ufffe", "\ufdd0", "\U0010ffff"])
@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "ext"])
def test_characters_that_no_attribute_may_have(name: str, unfit: str) -> None:
    error = refused_in(plain(**{name: f"a{unfit}b"}))
    assert error.errors[0]["field"] == name
    assert f"U+{ord(unfit):04X}" in error.message
    encoded = "".join(f"%{byte:02x}" for byte in unfit.encode())
    again = refused_in(plain(**{name: f"a{encoded}b"}), "binary")
    assert again.errors == error.errors


def test_lone_surrogates_are_refused() -> None:
    for body in (b'"\\ud800"', b'"\xed\xa0\x80"'):
        whole = json.dumps(plain(id="?")).encode().replace(b'"?"', body)
        assert refused({"content-type": STRUCTURED}, whole).errors[0]["field"] == "body"
    assert refused_in(plain(id="%ED%A0%80"), "binary").errors[0]["field"] == "id"
    assert refused_in(plain(id="\ud800"), "binary").errors[0]["field"] == "id"


@pytest.mark.parametrize("source", ["a b", "a\u00a0b", " /a", "\u2028"])
def test_source_is_a_uri_reference(source: str) -> None:
    assert refused_in(plain(source=source)).errors[0]["field"] == "source"


@pytest.mark.parametrize("schema", ["a", "/a/b", "//host/a", "1a:b", "a:", "urn:a b", ":a"])
def test_dataschema_is_an_absolute_uri(schema: str) -> None:
    assert refused_in(plain(dataschema=schema)).errors[0]["field"] == "dataschema"


@pytest.mark.parametrize(
    "media_type",
    ["json", "a/", "/b", "a/b c", "a/b;c", "a/b;c=", 'a/b;c="', "a/b\n", "é/b", "a/b,c/d", "a//b"],
)
def test_datacontenttype_is_a_media_type(media_type: str) -> None:
    assert refused_in(plain(datacontenttype=media_type)).errors[0]["field"] == "datacontenttype"
    headers = sent(plain(), "binary").headers
    error = refused({**headers, "content-type": f"{media_type};;"}, b"")
    assert error.errors[0]["field"] == "datacontenttype"


def test_a_long_media_type_is_refused_quickly() -> None:
    for tail in ("; " * 50000, ";" + " " * 50000, ';a="' + "\\\\" * 50000, ";a=b" * 20000):
        assert refused_in(plain(datacontenttype=f"a/b{tail}\x7f")).errors
        assert refused_in(plain(datacontenttype=f"a/b{tail}(")).errors


# ---- Data ---------------------------------------------------------------------------------------


def binary(content_type: str | None, body: bytes) -> Any:
    headers = dict(sent(plain(), "binary").headers)
    if content_type is not None:
        headers["Content-Type"] = content_type
    (event,) = parse_http(headers, body)
    assert event.get_datacontenttype() == content_type
    return event.get_data()


@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [
        ("application/json", b' {"a": 1} ', {"a": 1}),
        ("Application/Problem+JSON; charset=utf-8", b"[1]", [1]),
        ("application/json", b"null", None),
        ("application/json", b"", None),
        ("text/plain", b"\xc3\xa9", "é"),
        ("text/plain; charset=UTF-8", b"\xc3\xa9", "é"),
        ('text/plain; charset="utf-8"', b"a", "a"),
        ("text/plain", b"\xe9", b"\xe9"),
        ("text/plain; charset=iso-8859-1", b"a", b"a"),
        ("text/plain", b"", None),
        ("application/octet-stream", b"text", b"text"),
        ("application/xml", b"<a/>", b"<a/>"),
        (None, b"[1]", [1]),
        (None, b"no json", b"no json"),
        (None, b"", None),
    ],
)
def test_the_body_is_read_as_its_type_says(
    content_type: str | None, body: bytes, data: Any
) -> None:
    assert_same_data(binary(content_type, body), data)
    members = plain(data_base64=base64.b64encode(body).decode())
    if content_type is not None:
        members["datacontenttype"] = content_type
    assert_same_data(read(members).get_data(), data)


BAD_JSON = [
    b"{",
    b"{'a': 1}",
    b'{"a":1,"a":2}',
    b'{"b":{"a":1,"c":[{"x":1,"x":1}]}}',
    b"NaN",
    b"[Infinity]",
    b"-Infinity",
    b"1e400",
    b"1e-400",
    b"1e-99999999999999999999",
    b"1" * 5000,
    b"01",
    b"\xff",
    b'"\xff"',
    b'"\\ud800"',
    b"\xef\xbb\xbf{}",
    b'{"a":1}'.decode().encode("utf-16"),
    b"[" * 300 + b"]" * 300,
    b"[" * 100000,
    b'{"a":' * 900 + b"1" + b"}" * 900,
    b"[1,]",
    b"[] []",
    b'"\x00"',
]


@pytest.mark.parametrize("body", BAD_JSON, ids=lambda body: repr(body[:12]))
def test_json_is_strict(body: bytes) -> None:
    headers = sent(plain(), "binary").headers
    error = refused({**headers, "content-type": "application/json"}, body)
    assert [each["field"] for each in error.errors] == ["data"]
    whole = json.dumps(plain(data="?")).encode().replace(b'"?"', body)
    for content_type, text in ((STRUCTURED, whole), (BATCH, b"[" + whole + b"]")):
        error = refused({"content-type": content_type}, text)
        assert [each["field"] for each in error.errors] == ["body"]


def test_a_duplicate_member_is_named() -> None:
    body = b'{"id":"1","specversion":"1.0","source":"/s","type":"t","id":"2"}'
    assert "'id' is there twice" in refused({"content-type": STRUCTURED}, body).message


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"5", b'"a"', b"true", b"1.5"])
def test_an_event_is_an_object(body: bytes) -> None:
    assert refused({"content-type": STRUCTURED}, body).errors[0]["field"] == "body"
    if body:
        error = refused({"content-type": BATCH}, b"[" + body + b"]")
        assert error.errors[0]["field"] == "/0/body"


@pytest.mark.parametrize("body", [b"{}", b"null", b"1", b'"[]"', b""])
def test_a_batch_is_an_array(body: bytes) -> None:
    assert refused({"content-type": BATCH}, body).errors[0]["field"] == "body"


def test_a_batch_has_so_many_events() -> None:
    body = json.dumps([plain()] * 4).encode()
    assert len(parse_http({"content-type": BATCH}, body, max_events=4)) == 4
    error = refused({"content-type": BATCH}, body, max_events=3)
    assert error.message == "The batch has 4 events; at most 3 may be."


def test_data_is_there_once() -> None:
    error = refused_in(plain(data=1, data_base64="AA=="))
    assert error.errors[0]["field"] == "data"
    assert read(plain(data=None, data_base64="/w==", datacontenttype="a/b")).get_data() == b"\xff"
    assert read(plain(data=1, data_base64=None)).get_data() == 1


@pytest.mark.parametrize(
    "text", ["A", "AA", "AA=", "A-_=", "AA==\n", "AA== ", "é", "AA==AA==", "=", 5, []]
)
def test_base64_is_strict(text: Any) -> None:
    assert refused_in(plain(data_base64=text)).errors[0]["field"] == "data_base64"


@pytest.mark.parametrize("data", [1, {}, [], True])
def test_what_is_not_json_is_a_string(data: Any) -> None:
    error = refused_in(plain(data=data, datacontenttype="text/plain"))
    assert error.errors[0]["field"] == "data"


def test_data_in_base64_that_says_to_be_json_is() -> None:
    error = refused_in(plain(data_base64="/w==", datacontenttype="application/json"))
    assert error.errors[0]["field"] == "data"


# ---- Content modes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents+json",
        "Application/CloudEvents+JSON",
        "application/cloudevents+json; charset=utf-8",
        'application/cloudevents+json ;charset="UTF-8"',
    ],
)
@pytest.mark.parametrize("name", ["content-type", "Content-Type", "CONTENT-TYPE"])
def test_structured_mode_is_recognised(content_type: str, name: str) -> None:
    body = json.dumps(plain()).encode()
    (event,) = parse_http({name: content_type, "ce-id": "ignored"}, body)
    assert event.get_id() == "1"
    batch = content_type.lower().replace("events+", "events-batch+")
    assert len(parse_http({name: batch}, b"[" + body + b"]")) == 1


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents",
        "application/cloudevents+xml",
        "application/cloudevents-batch+avro",
        "application/cloudevents+json; charset=latin-1",
        "application/json",
        "text/plain",
        "",
    ],
)
def test_other_formats_are_refused(content_type: str) -> None:
    error = refused({"content-type": content_type}, json.dumps(plain()).encode())
    assert error.errors[0]["field"] == "content-type"
    assert refused({}, b"").errors[0]["field"] == "content-type"


def test_a_header_that_is_there_twice() -> None:
    headers = {**sent(plain(), "binary").headers, "CE-ID": "2"}
    assert refused(headers, b"").errors[0]["field"] == "ce-id"


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("a%20b", "a b"),
        ("%C3%a9", "é"),
        ("%2525", "%25"),
        ("a b", "a b"),
        (" a\t", "a"),
        ('"a b"', "a b"),
        ('"a\\"b\\\\%20"', 'a"b\\ '),
        ('a"b', 'a"b'),
        ('"', '"'),
        ("a+b", "a+b"),
    ],
)
def test_headers_are_decoded(value: str, read_as: str) -> None:
    assert read(plain(subject=value), "binary").get_subject() == read_as


@pytest.mark.parametrize("value", ["%", "a%2", "%zz", "%FF", "%C3", "%c0%80", "é", "a\nb", "\x00"])
@pytest.mark.parametrize("name", ["id", "subject", "ext"])
def test_headers_that_cannot_be_decoded(name: str, value: str) -> None:
    error = refused_in(plain(**{name: value}), "binary")
    assert [each["field"] for each in error.errors] == [name]
    assert f"The header 'ce-{name}'" in error.message


def test_a_header_is_not_too_long() -> None:
    assert read(plain(ext="a" * MAX_HEADER), "binary").get_extension("ext")
    error = refused_in(plain(ext="a" * (MAX_HEADER + 1)), "binary")
    assert error.errors[0]["field"] == "ext"
    headers = {**sent(plain(), "binary").headers, "content-type": "a/b" + "c" * MAX_HEADER}
    assert refused(headers, b"").errors[0]["field"] == "content-type"


def test_the_sdk_has_a_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"type": [InvalidAttributeValueError("type", "no")]}
    monkeypatch.setattr(
        CloudEvent, "_validate_attribute", Mock(side_effect=CloudEventValidationError(found))
    )
    assert refused_in(plain()).errors[0]["field"] == "type"


def test_a_text_that_is_no_event_is_refused() -> None:
    for text in ("", "{}", "[]", '{"specversion":"1.0"}', "\ud800"):
        with pytest.raises(BadRequest):
            event_of(text)


# ---- Anything at all ----------------------------------------------------------------------------


def outcome(headers: dict[str, str], body: bytes) -> list[CloudEvent] | BadRequest:
    try:
        return parse_http(headers, body, max_events=10)
    except BadRequest as error:
        return error


def whatever(headers: dict[str, str], body: bytes) -> None:
    """Reads, and writes what was read; nothing but a refusal may come out."""
    found = outcome(headers, body)
    if isinstance(found, BadRequest):
        assert found.error_code == "bad_cloudevent"
        json.dumps([found.message, found.errors], ensure_ascii=False).encode()
        return
    for event in found:
        text = stored_text(event)
        same(event_of(text), event)
        message = to_binary(event)
        (again,) = parse_http(message.headers, message.body)
        assert again.get_attributes() == event.get_attributes()


CONTENT_TYPES = st.sampled_from(
    [STRUCTURED, BATCH, "application/json", "text/plain", "a/b", "", "x"]
)


@given(CONTENT_TYPES, st.binary(max_size=200))
@settings(max_examples=700)
def test_arbitrary_bytes(content_type: str, body: bytes) -> None:
    whatever({"content-type": content_type}, body)
    whatever({"content-type": content_type, **sent(plain(), "binary").headers}, body)


ATTRIBUTES = [
    "id", "source", "type", "specversion", "time", "subject", "datacontenttype", "dataschema",
    "data", "data_base64", "ext", "Ext", "sequence",
]  # fmt: skip
LOOSE = JSON | st.sampled_from(
    ["1.0", "2026-03-04T12:00:00Z", "text/plain", "a/b", "application/json", "AA==", "/s", "urn:x"]
)


@given(st.dictionaries(st.sampled_from(ATTRIBUTES) | st.text(max_size=3), LOOSE), st.booleans())
@settings(max_examples=700)
def test_arbitrary_members(members: dict[str, Any], filled: bool) -> None:
    body = json.dumps({**plain(), **members} if filled else members).encode()
    whatever({"content-type": STRUCTURED}, body)
    whatever({"content-type": BATCH}, b"[" + body + b"]")


@given(
    st.dictionaries(
        st.sampled_from([f"ce-{name}" for name in ATTRIBUTES] + ["content-type", "CE-x"])
        | st.text(max_size=5),
        st.text(max_size=12) | st.text('%0aFf8C3é"\\ ', max_size=8),
    ),
    st.binary(max_size=20) | JSON.map(lambda value: json.dumps(value).encode()),
)
@settings(max_examples=1200)
@example({"ce-id": "\ud800", "ce-\ud800": "x"}, b"")
def test_arbitrary_headers(headers: dict[str, str], body: bytes) -> None:
    whatever(headers, body)
    whatever({**sent(plain(), "binary").headers, **headers}, body)


@given(events(), st.integers(0, 2**32))
@settings(max_examples=120)
def test_mutated_messages(event: CloudEvent, seed: int) -> None:
    chance = random.Random(seed)
    pieces = [b'"', b"}", b"{", b"]", b",", b":", b"\\", b"null", b"1e9", b"\xff", b"%", b""]
    for message in (to_structured(event), to_binary(event), to_batch([event, event])):
        for _ in range(15):
            body = bytearray(message.body)
            for _ in range(chance.randint(0, 3)):
                place = chance.randint(0, len(body))
                piece = chance.choice([*pieces, chance.randbytes(2)])
                body[place : place + chance.randint(0, 2)] = piece
            headers = dict(message.headers)
            if chance.random() < 0.5:
                name = chance.choice(sorted(headers))
                value = headers[name]
                place = chance.randint(0, len(value))
                headers[name] = value[:place] + chance.choice(["", "%", "\x00", "é", ";", '"', " "])
                headers[name] += value[place + chance.randint(0, 2) :]
            whatever(headers, bytes(body))
