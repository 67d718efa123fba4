"""Base URLs as people type them."""
# ruff: noqa: D103 -- test names say what they check

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.cloud import normalize_base_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.apsystemsema.com:9282", "https://api.apsystemsema.com:9282"),
        ("https://api.apsystemsema.com:9282/", "https://api.apsystemsema.com:9282"),
        ("  https://api.apsystemsema.com:9282//  ", "https://api.apsystemsema.com:9282"),
        ("api.apsystemsema.com:9282", "https://api.apsystemsema.com:9282"),
        ("api.apsystemsema.com", "https://api.apsystemsema.com"),
        ("https://api.apsystemsema.com:", "https://api.apsystemsema.com"),
        ("HTTPS://Api.APsystemsEMA.com:9282", "https://Api.APsystemsEMA.com:9282"),
        ("https://api.apsystemsema.com:9282/user/api/v2/systems/details/AB", "https://api.apsystemsema.com:9282"),
        ("https://proxy.example/aps/", "https://proxy.example/aps"),
        ("https://proxy.example/aps/user/api/v2", "https://proxy.example/aps"),
        ("http://127.0.0.1:8123", "http://127.0.0.1:8123"),
        ("http://[::1]:8123/", "http://[::1]:8123"),
        ("[fe80::1]", "https://[fe80::1]"),
        ("https://münchen.example/", "https://münchen.example"),
        ("localhost:9282", "https://localhost:9282"),
    ],
)
def test_a_valid_address_is_normalized(text: str, url: str) -> None:
    assert normalize_base_url(text) == url
    assert normalize_base_url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "https://",
        "https:///path",
        "//api.example",
        "ftp://api.example",
        "file:///etc/passwd",
        "javascript://api.example",
        "https://user:password@api.example",
        "https://user@api.example",
        "https://@api.example",
        "https://api.example?x=1",
        "https://api.example/#top",
        "https://api.example:99999",
        "https://api.example:0",
        "https://api.example:port",
        "https://api .example",
        "https://api.\nexample",
        "https://api.example/a b",
        "https://api\u200b.example",
        "https://api\x00.example",
        "https://api..example",
        "https://" + "a" * 64 + ".example",
        "https://[::1",
        "https://[nonsense]",
        "https://api\u2100.example",
        "https://\ud800.example",
    ],
)
def test_an_invalid_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        normalize_base_url(text)


ANYTHING = st.text(st.characters(exclude_categories=()), max_size=30)
ALMOST = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "http://", "https://", "HTTP://", "ws://", "://"]),
        st.sampled_from(["", "u@", "u:p@"]),
        st.sampled_from(["api.example", "[::1]", "[", "a..b", "ä.example", "%41", ""]) | ANYTHING,
        st.sampled_from(["", ":", ":9282", ":0", ":-1", ":99999", ":٣"]),
        st.sampled_from(["", "/", "//", "/p/", "/user/api/v2", "/user/apix", "?q", "#f", "\\"]) | ANYTHING,
    ),
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(text=ANYTHING | ALMOST)
def test_any_text_is_normalized_or_raises_value_error(text: str) -> None:
    try:
        url = normalize_base_url(text)
    except ValueError:
        return
    assert url.startswith(("http://", "https://"))
    assert not url.endswith("/")
    assert normalize_base_url(url) == url
