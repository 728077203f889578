"""Text that people might type to get out of where it belongs: paths, markup, formulas."""

# 100 names that a path could be made of.
_UP = ("../", "..\\", "..%2f", "..%5c", "%2e%2e/", "....//", "..;/", "..\u2215", "\u2025/", "..\u200b/")
_GOALS = ("labels.db", "etc/passwd", "identity.key", "x")
TRAVERSAL = (
    [up * depth + goal for up in _UP for depth, goal in zip((1, 2, 5, 9), _GOALS, strict=True)]
    + [
        f"{start}{goal}"
        for start in ("/", "//host/", "C:\\", "C:/", "\\\\host\\share\\", "~/", "~root/")
        for goal in _GOALS
    ]
    + [
        "",
        ".",
        "..",
        "...",
        ".hidden",
        "-rf",
        " x",
        "x ",
        "x\n",
        "x\0",
        "x\0.json",
        "x/",
        "/x",
        "x/..",
        "x/../y",
        "a/b",
    ]
    + [
        "x\\y",
        "x\x7f",
        "x:y",
        "x:$DATA",
        "x*",
        "x?",
        "x|y",
        "x;y",
        "$(x)",
        "`x`",
        "${HOME}",
        "\u202ex",
        "x" * 65,
        "é",
        "．．／x",
    ]
    + ["file:///etc/passwd", "https://evil.example/x"]
)
assert len(set(TRAVERSAL)) == 100, len(set(TRAVERSAL))

# 50 ways to have a page run a script, load a picture of another site, or become another page.
_SCRIPT = "alert(document.domain)"
_TAGS = ("img src=x", "svg", "body", "input autofocus", "details open", "video src=x")
_CLOSING = ("", '">', "'>", "-->", "]]>", "</title>", "</textarea>", "</style>")
_PLACES = ("a href", "iframe src", "object data", "base href", "form action")
SCRIPTS = [
    *(f"<{tag} {event}={_SCRIPT}>" for tag in _TAGS for event in ("onerror", "onload", "onfocus")),
    *(f"{closing}<script>{_SCRIPT}</script>" for closing in _CLOSING),
    *(f'<{place}="{url}">' for place in _PLACES for url in ("javascript:alert(1)", "//evil.example/")),
    *(f"{form}(https://evil.example/x.png)" for form in ("![x]", "[x]", "[![x]")),
    "[x](javascript:alert(1))", "<https://evil.example>", "![x][y]\n\n[y]: https://evil.example",
    '<style>@import "//evil.example"</style>', "<link rel=stylesheet href=//evil.example>",
    '<meta http-equiv=refresh content="0;//evil.example">',
    "{{7*7}}", "${7*7}", "<%= 7*7 %>", ":material/delete:", "$$\\href{javascript:alert(1)}{x}$$",
]  # fmt: skip
assert len(set(SCRIPTS)) == 50, len(set(SCRIPTS))

# What a spreadsheet would take for a formula.
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("//evil.example","x")', "=cmd|' /C calc'!A0")
