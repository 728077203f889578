/* A grid of faces: an accessible list box whose selection changes in the browser at once.
 *
 * The server sends data.faces (src, caption, colour, detail) with a stamp; faces are drawn again only when the stamp
 * changes. The state `selection` = {stamp, positions} goes back; the stamp says which faces the positions mean.
 */

const SEND_AFTER = 120; // ms: clicks that come close together make one run of the page

const grids = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  let grid = grids.get(root);
  if (!grid) {
    grid = new FaceGrid(root);
    grids.set(root, grid);
  }
  grid.receive(component);
  return () => {
    grid.leave();
    grids.delete(root);
  };
}

class FaceGrid {
  constructor(root) {
    this.element = make("div");
    this.element.className = "grid";
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.addEventListener("keydown", (event) => this.keyDown(event));
    root.appendChild(this.element);
    this.stamp = null;
    this.cells = [];
    this.selected = new Set();
    this.anchor = 0; // where a range with shift begins
    this.timer = null;
  }

  receive({ data, setStateValue }) {
    this.setState = setStateValue;
    this.selectable = data.selectable;
    this.multiple = data.multiple;
    this.element.style.setProperty("--face", `${data.size}px`);
    this.element.setAttribute("aria-label", data.label);
    this.element.setAttribute("role", data.selectable ? "listbox" : "list");
    if (data.selectable) this.element.setAttribute("aria-multiselectable", String(data.multiple));
    if (data.stamp === this.stamp) return;
    clearTimeout(this.timer);
    this.stamp = data.stamp;
    this.selected.clear();
    this.anchor = 0;
    this.cells = data.faces.map((face, position) => this.cell(face, position));
    this.element.replaceChildren(...this.cells);
  }

  leave() {
    clearTimeout(this.timer);
    this.element.remove();
  }

  cell(face, position) {
    const cell = make("div", "face");
    cell.dataset.position = position;
    cell.title = face.detail;
    const image = make("img");
    image.src = face.src;
    image.alt = face.caption;
    image.draggable = false;
    const caption = make("div", "caption");
    caption.setAttribute("aria-hidden", "true"); // the picture's alternative text has said it
    if (face.colour) {
      const mark = make("i");
      mark.style.background = face.colour;
      caption.append(mark);
    }
    caption.append(make("span", "", face.caption));
    cell.append(image, caption);
    cell.setAttribute("role", this.selectable ? "option" : "listitem");
    if (this.selectable) {
      const tick = make("div", "tick", "\u2713");
      tick.setAttribute("aria-hidden", "true");
      cell.append(tick);
      cell.tabIndex = position === 0 ? 0 : -1; // one stop for the tab key, arrows inside
      cell.setAttribute("aria-selected", "false");
    }
    return cell;
  }

  clicked(event) {
    const cell = event.target.closest(".face");
    if (!cell || !this.selectable) return;
    const position = Number(cell.dataset.position);
    if (event.shiftKey && this.multiple) this.selectRange(position);
    else this.toggle(position);
    this.focus(position);
  }

  keyDown(event) {
    if (!this.selectable || !this.cells.length || event.altKey) return;
    const here = Number(event.target.closest(".face")?.dataset.position ?? 0);
    const to = this.target(event.key, here);
    if (to !== null) {
      this.focus(to);
      if (event.shiftKey && this.multiple) this.selectRange(to);
    } else if (event.key === " " || event.key === "Enter") {
      this.toggle(here);
    } else if (event.key === "Escape") {
      this.choose([]);
    } else if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey) && this.multiple) {
      this.choose(this.cells.keys());
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  target(key, here) {
    const last = this.cells.length - 1;
    const columns = this.columns();
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    if (key === "Home") return 0;
    if (key === "End") return last;
    if (!(key in steps)) return null;
    const to = here + steps[key];
    return to < 0 || to > last ? here : to;
  }

  columns() {
    const top = this.cells[0].offsetTop;
    const second = this.cells.findIndex((cell) => cell.offsetTop > top);
    return second < 0 ? this.cells.length : second;
  }

  focus(position) {
    for (const cell of this.cells) cell.tabIndex = -1;
    this.cells[position].tabIndex = 0;
    this.cells[position].focus();
  }

  toggle(position) {
    const chosen = new Set(this.multiple ? this.selected : []);
    if (this.selected.has(position)) chosen.delete(position);
    else chosen.add(position);
    this.anchor = position;
    this.choose(chosen);
  }

  selectRange(position) {
    const chosen = new Set(this.selected);
    const [from, to] = [Math.min(this.anchor, position), Math.max(this.anchor, position)];
    for (let each = from; each <= to; each += 1) chosen.add(each);
    this.choose(chosen);
  }

  choose(positions) {
    this.selected = new Set(positions);
    this.cells.forEach((cell, position) => cell.setAttribute("aria-selected", String(this.selected.has(position))));
    clearTimeout(this.timer);
    const value = { stamp: this.stamp, positions: [...this.selected].sort((a, b) => a - b) };
    this.timer = setTimeout(() => this.setState("selection", value), SEND_AFTER);
  }
}
