"""The settings of a recipe as widgets, a group at a time. Each shows the form and writes back into it."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fer_core.training.recipe import Recipe
from pages._train_views import context, options
from pages._train_views.form import Form, into_address
from pages._train_views.settings import CHOICES, GROUPS, SETTINGS, Setting


def group_controls(form: Form, recipe: Recipe, group: str) -> None:
    """The settings of a group that matter for the recipe as it is, numbers in pairs."""
    pair: list[DeltaGenerator] = []
    for setting in GROUPS[group]:
        if not setting.matters(recipe):
            continue
        if setting.words or isinstance(getattr(recipe, setting.name), bool):
            pair = []
            draw = _choice if setting.words else _switch
            draw(form, recipe, setting)
        else:
            pair = pair or list(st.columns(2, wrap=False))
            number(form, recipe, setting.name, pair.pop(0))


def number(form: Form, recipe: Recipe, name: str, place: Any = st) -> None:
    """A setting that is a number, to be typed or drawn."""
    setting, value = SETTINGS[name], getattr(recipe, name)
    kind, key = type(value), f"set_{name}"
    st.session_state[key] = value
    low, high = min(kind(setting.low), value), max(kind(setting.high), value)
    draw = place.slider if setting.slider else place.number_input
    draw(
        setting.label,
        low,
        high,
        step=kind(setting.step),
        key=key,
        format=setting.form,
        help=setting.help,
        on_change=_take,
        args=(form, name, kind),
    )


def _choice(form: Form, recipe: Recipe, setting: Setting) -> None:
    name, value = setting.name, getattr(recipe, setting.name)
    st.session_state[f"set_{name}"] = value
    st.selectbox(
        setting.label,
        CHOICES[name],
        format_func=lambda one: setting.words[one][0] if one in setting.words else one,
        key=f"set_{name}",
        help=setting.help,
        on_change=_take,
        args=(form, name, str),
    )
    if value in setting.words:
        st.caption(setting.words[value][1])


def _switch(form: Form, recipe: Recipe, setting: Setting) -> None:
    st.session_state[f"set_{setting.name}"] = getattr(recipe, setting.name)
    st.toggle(
        setting.label, key=f"set_{setting.name}", help=setting.help, on_change=_take, args=(form, setting.name, bool)
    )


def _take(form: Form, name: str, kind: type) -> None:
    value = st.session_state[f"set_{name}"]
    if value is not None:  # a number that somebody has emptied stays what it was
        form.change(name, kind(value))
        into_address(form)


def option_controls(form: Form, recipe: Recipe) -> None:
    """The options of the chosen network, whatever they are."""
    usual = context.choices().networks[recipe.network].options
    names = list(usual)
    for start in range(0, len(names), 2):
        for column, name in zip(st.columns(2, wrap=False), names[start : start + 2], strict=False):
            with column:
                _option(form, recipe, name, usual[name])
    if not names:
        st.caption("This network has nothing to set.")


def _option(form: Form, recipe: Recipe, name: str, usual: Any) -> None:
    key, value = f"option_{recipe.network}_{name}", recipe.options.get(name, usual)
    label, help = options.label(name), options.WORDS.get(name, ("", None))[1]
    if not _fits(value, usual):
        st.caption(f"{label}: {value!r} in the recipe, which is nothing that can be set here.")
        return
    common = {"key": key, "help": help, "on_change": _take_option, "args": (form, name, usual, key)}
    st.session_state[key] = options.written(value) if isinstance(value, list) else type(usual)(value)
    if isinstance(usual, bool):
        st.toggle(label, **common)
    elif name in options.VALUES:
        known = [*options.VALUES[name], *({value} - set(options.VALUES[name]))]
        st.selectbox(label, known, format_func=options.written, **common)
    elif name in options.SHARES:
        st.slider(label, 0.0, max(0.9, float(value)), step=0.05, format="percent", **common)
    elif isinstance(usual, int):
        st.number_input(label, min(1, value), **common)
    elif isinstance(usual, float):
        st.number_input(label, min(0.0, float(value)), step=0.25, format="%g", **common)
    else:
        st.text_input(label, **common)


def _fits(value: Any, usual: Any) -> bool:
    """Whether a value from a file is of the kind that the option takes."""
    if isinstance(usual, float):
        return type(value) in (int, float)
    return type(value) is type(usual)


def _take_option(form: Form, name: str, usual: Any, key: str) -> None:
    value = st.session_state[key]
    if isinstance(usual, list):
        parts = [part.strip() for part in value.split(",")]
        if not all(part.isdecimal() and part.isascii() and 0 < len(part) < 6 for part in parts):
            st.toast(
                f"{options.label(name)}: whole numbers with commas between them, such as {options.written(usual)}."
            )
            return
        value = [int(part) for part in parts]
    if value is not None:
        form.change_option(name, type(usual)(value), usual)
