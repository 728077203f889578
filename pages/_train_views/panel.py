"""The settings, a group at a time, beside what they do: faces as the network will see them, the rate, the classes."""

import streamlit as st

from fer_core.dataset.store import Dataset
from fer_core.training.recipe import Recipe
from pages._train_views import context, memory, pace
from pages._train_views.charts import class_chart, images_per_epoch, rate_chart
from pages._train_views.context import Material
from pages._train_views.controls import group_controls, option_controls
from pages._train_views.difference import differing
from pages._train_views.form import Form, problem
from pages._train_views.preview import preview
from pages._train_views.settings import GROUPS
from pages._train_views.upscaled import side_by_side

OVERVIEW = "Before you start"


def panel(dataset: Dataset, form: Form) -> None:
    """What is chosen here is kept; what is not shown stays as it is."""
    wrong = problem(dataset, form)
    group = st.segmented_control(
        "Settings",
        [OVERVIEW, *GROUPS],
        default=OVERVIEW,
        required=True,
        format_func=lambda name: _counted(form, name, wrong),
        key="train_group",
        label_visibility="collapsed",
        wrap=True,
    )
    recipe = form.base if wrong else form.current
    material = form.material(dataset)
    if group == OVERVIEW:
        _overview(dataset, material, form, recipe)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        if group == "Network":
            option_controls(form, recipe)
        group_controls(form, recipe, group)
        if group == "Picture":
            side_by_side(material, form, recipe)
    with right:
        if group == "Network":
            _network(recipe, len(material.protocol.train))
        elif group in ("Picture", "Augmentation"):
            preview(dataset, material, form, recipe, stacked=True)
        elif group == "Learning":
            rate_chart(recipe, images_per_epoch(material, recipe), "rate")
            class_chart(material, recipe, "classes")
        else:
            _computing(form)


def _counted(form: Form, group: str, wrong: str) -> str:
    """A group's name, and how many of its settings differ from the recipe to begin with."""
    if group == OVERVIEW or not form.changes or wrong:
        return group
    changed = differing(form.current, form.base)
    count = sum(setting.name in changed for setting in GROUPS[group]) + (group == "Network" and "options" in changed)
    return f"{group} · {count}" if count else group


def _overview(dataset: Dataset, material: Material, form: Form, recipe: Recipe) -> None:
    preview(dataset, material, form, recipe)
    left, right = st.columns(2, gap="medium")
    with left:
        rate_chart(recipe, images_per_epoch(material, recipe), "rate")
    with right:
        class_chart(material, recipe, "classes")
    st.caption(protocol_words(material))
    st.session_state["leaky"] = form.leaky
    st.toggle(
        "Leaky split, as a warning example",
        key="leaky",
        help="Reproduces how published figures of 85 % come about: pool all images, balance the classes by turned "
        "copies, and only then split at random. Such a run is marked everywhere and never ranks with others.",
        on_change=_take_leaky,
        args=(form,),
    )


def _take_leaky(form: Form) -> None:
    form.leaky = st.session_state["leaky"]


def protocol_words(material: Material) -> str:
    """Which rows train, which choose the epoch and which are scored."""
    protocol = material.protocol
    if material.leaky:
        return (
            f"LEAKY: {len(material.rows):,} images of all splits are pooled, balanced by turned and mirrored copies, "
            f"and only then split at random; {material.per_epoch:,} train. Copies of test images are among them, so "
            "the figures say nothing about new faces."
        )
    shown = f", {material.per_epoch:,} an epoch" if material.per_epoch != len(protocol.train) else ""
    votes = ""
    if protocol.votetest is not None:
        votes = f" So is VoteTest ({len(protocol.votetest.rows):,}, put aside from Training), by what annotators voted."
    return (
        f"{len(protocol.train):,} images train{shown}. {protocol.val_name} ({len(protocol.val):,}) chooses the epoch; "
        f"{protocol.test_name} ({len(protocol.test):,}) is scored once, at the end.{votes}"
    )


def _network(recipe: Recipe, images: int) -> None:
    about = context.choices().networks[recipe.network]
    found = pace.cost(recipe.network, recipe.size, recipe.options)
    with st.container(border=True):
        st.markdown(f"**{recipe.network}** · {about.source}")
        st.caption(f"{about.summary[:1].upper()}{about.summary[1:]}.")
        st.markdown(
            f"{_millions(found.parameters)} values to learn  \n{_millions(found.multiply_adds)} multiply-adds a face  "
            f"\nabout {memory.gigabytes(recipe, found.parameters, images):.1f} GB of memory while it trains"
        )


def _millions(count: int) -> str:
    return f"{count / 1e6:,.1f} million" if count < 1e8 else f"{count / 1e6:,.0f} million"


def _computing(form: Form) -> None:
    from fer_core.training.machine import bfloat16_pays, cpu, default_device

    device = default_device()
    where = "A GPU is there and is used" if device != "cpu" else f"It runs on the processor, {cpu()['name']}"
    faster = "bfloat16" if bfloat16_pays(device) else "float32"
    with st.container(border=True):
        st.markdown(f"**{form.threads} of {context.choices().cores} cores**")
        st.caption(f"{where}. Here *automatic* is {faster}.")
        st.caption("The training is a process of its own: closing the browser or stopping the app changes nothing.")
