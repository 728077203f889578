"""The card from which a training starts: a few choices with defaults that are fine to begin with, and one button."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fer_core.dataset.store import Dataset
from fer_core.errors import FerretError
from fer_core.files import check_name
from fer_core.jobs import runner
from fer_core.jobs.store import list_jobs
from fer_core.training.recipe_files import read_upload, store_recipe
from pages import _shared
from pages._train_views import context
from pages._train_views.controls import number
from pages._train_views.difference import differences
from pages._train_views.form import Form, into_address, problem, recipe_names, sentence_of

TOLD = 6  # differences that are told before "and so many more"


def card(dataset: Dataset, form: Form) -> DeltaGenerator:
    """Choose and start. Returns the place for how long it will take, which may take a moment to find out."""
    wrong = problem(dataset, form)
    with st.container(border=True):
        st.subheader("New training", anchor=False)
        _what(dataset, form)
        _how(form, wrong)
        if wrong:
            st.error(_shared.literal(wrong), icon=":material/error:")
        _differences(form, wrong)
        if form.leaky:
            st.badge("Leaky split: a warning example", icon=":material/warning:", color="orange")
        if st.button(
            "Start training",
            type="primary",
            icon=":material/play_arrow:",
            key="start",
            width="stretch",
            disabled=bool(wrong),
        ):
            start(form)
            st.rerun(scope="app")
        estimate = st.container(gap=None)
    _as_file(form, wrong)
    return estimate


def _what(dataset: Dataset, form: Form) -> None:
    versions = context.versions(dataset)
    st.session_state["version"] = form.version
    st.selectbox(
        "Train on",
        list(versions),
        format_func=versions.get,
        key="version",
        help="The data set as imported, or a version that was cut from what people said. Only Training differs.",
        on_change=_take,
        args=(form,),
    )


def _how(form: Form, wrong: str) -> None:
    """The recipe, its network and the few figures that people change first."""
    networks = context.choices().networks
    st.session_state["recipe"] = form.recipe
    st.selectbox(
        "Recipe",
        recipe_names(),
        format_func=lambda name: f"{name.removesuffix('.toml')}, your own" if name.endswith(".toml") else name,
        key="recipe",
        help="How it learns: network, size, optimiser, learning rate, augmentation. Everything in it can be changed.",
        on_change=_take,
        args=(form,),
    )
    note = " ".join(form.base.note.split()) or "A recipe of your own."
    st.caption(_shared.literal(note))
    recipe = form.base if wrong else form.current
    shown = form.changes.get("network", form.base.network)
    left, right = st.columns([3, 2], wrap=False)
    st.session_state["network"] = shown
    left.selectbox(
        "Network",
        list(networks),
        key="network",
        help="What learns. The rest of the recipe stays as it is.",
        on_change=_take,
        args=(form,),
    )
    size = form.changes.get("size", form.base.size)
    st.session_state["size"] = size
    right.selectbox(
        "Size",
        sorted({*networks[shown].sizes, size, form.base.size}),
        key="size",
        format_func=lambda side: f"{side} px",
        help="Side of the pictures that the network sees. The faces have 48 pixels.",
        on_change=_take,
        args=(form,),
    )
    st.caption(f"{networks[shown].summary[:1].upper()}{networks[shown].summary[1:]}.")
    with st.container(horizontal=True):  # three beside each other, two on a telephone
        number(form, recipe, "epochs")
        for name, (least, most, help) in _figures().items():
            st.session_state[name] = getattr(form, name)
            st.number_input(name.capitalize(), least, most, key=name, help=help, on_change=_take, args=(form,))


def _figures() -> dict[str, tuple[int, int, str]]:
    """What belongs to a training and to no recipe: its range and what it is."""
    return {
        "seed": (0, 10**6, "Where chance begins. Two runs that differ only in it show how much is luck."),
        "threads": (
            1,
            context.choices().cores,
            "Processor cores to use. One is left free by default, so that this page stays quick.",
        ),
    }


def _take(form: Form) -> None:
    """What somebody has touched on the card, into the form."""
    chosen = st.session_state
    if chosen["recipe"] != form.recipe:
        form.begin_with(chosen["recipe"])
    else:
        form.change("network", chosen["network"])
        form.change("size", chosen["size"])
    form.version = chosen["version"]
    form.seed = form.seed if chosen["seed"] is None else chosen["seed"]
    form.threads = form.threads if chosen["threads"] is None else chosen["threads"]
    into_address(form)


def _differences(form: Form, wrong: str) -> None:
    if not form.changes or wrong:
        if form.changes:
            st.button("Reset", key="reset", icon=":material/undo:", on_click=_reset, args=(form,))
        return
    told = differences(form.current, form.base)
    count = "1 setting differs" if len(told) == 1 else f"{len(told)} settings differ"
    more = [f"and {len(told) - TOLD} more"] if len(told) > TOLD else []
    with st.container(gap=None):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{count}** from `{form.base.name}`", width="content")
            st.button("Reset", key="reset", type="tertiary", icon=":material/undo:", on_click=_reset, args=(form,))
        st.caption(_shared.literal(" · ".join([*told[:TOLD], *more])))


def _reset(form: Form) -> None:
    form.begin_with(form.recipe)
    into_address(form)


def start(form: Form) -> None:
    """Queue the training."""
    from fer_core.runs.session import new_run_id

    workspace, recipe = _shared.workspace(), form.current
    line = form.arguments(workspace, new_run_id(recipe), stored=True)
    mark = "LEAKY, " if form.leaky else ""
    title = f"{mark}{recipe.network} at {recipe.size} on {form.version}, {recipe.epochs} epochs"
    job = runner.submit(workspace, line, title)
    if form.needs_file:
        form.begin_with(line[line.index("--recipe") + 1].rpartition("/")[2])
        into_address(form)
    ahead = sum(other.active for other in list_jobs(workspace)) - 1
    st.toast(f"Job {job.id}: {'starting' if not ahead else f'queued, {ahead} before it'}.", icon=":material/check:")


def _as_file(form: Form, wrong: str) -> None:
    """The recipe as a file, recipes from files, and the command line that does the same.

    Drawn when it is opened: what colours a command line is 1.5 MB of script for the browser.
    """
    fold = st.expander(
        "Recipe file and command line", icon=":material/description:", on_change="rerun", key="train_file"
    )
    if not fold.open:
        return
    with fold:
        if not wrong:
            if form.needs_file:
                st.text_input(
                    "Name of the changed recipe",
                    form.own_name,
                    key="own_name",
                    max_chars=60,
                    help="Letters, digits, '.', '_' and '-'. It is kept in the workspace's folder `recipes`.",
                    on_change=_rename,
                    args=(form,),
                )
            name, text = form.file()
            with st.container(horizontal=True):
                st.download_button(
                    "Download",
                    text,
                    name,
                    "application/toml",
                    key="download_recipe",
                    icon=":material/download:",
                    on_click="ignore",
                )
                if form.needs_file:
                    st.button("Keep in the workspace", key="keep", icon=":material/save:", on_click=_keep, args=(form,))
            _command(form)
        _upload(form)


def _keep(form: Form) -> None:
    form.store(_shared.workspace())
    into_address(form)


def _command(form: Form) -> None:
    st.caption("The same from a terminal:")
    st.code(form.command(_shared.workspace()), language="bash", wrap_lines=True)
    if form.needs_file:
        st.caption("That file is written when the training starts or the recipe is kept.")


def _rename(form: Form) -> None:
    name = st.session_state["own_name"].strip()
    form.said = sentence_of(lambda: check_name(name, "recipe"))
    if not form.said:
        form.name = name


def _upload(form: Form) -> None:
    number = st.session_state.setdefault("recipe_uploads", 0)  # another key empties the field
    sent = st.file_uploader("A recipe of your own", "toml", key=f"recipe_upload_{number}", max_upload_size=1)
    if sent is None:
        return
    try:
        recipe = read_upload(sent.name, sent.getvalue())
    except FerretError as error:  # the rest of the form stays
        _shared.tell(error)
        return
    _, path = store_recipe(_shared.workspace(), recipe)
    form.begin_with(path.name)
    into_address(form)
    st.session_state["recipe_uploads"] = number + 1
    st.rerun()
