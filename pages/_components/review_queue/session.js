/* What was done since this tab began to review: counted here, kept for the tab, shown in a panel. */

class Session {
  constructor(name) {
    this.name = `ferret.session.${name}`;
    const kept = attempt(() => JSON.parse(sessionStorage.getItem(this.name)), null);
    this.figures = kept ?? { answers: 0, active: 0, by: {}, rows: [], undone: 0, flagged: 0, looked: 0, changed: 0 };
    this.rows = new Set(this.figures.rows);
    this.dirty = false;
  }

  /* `after`: the answer is one after a look and before it there was another, `changed`: and it is a different one. */
  answered({ row, answer, active }, after, changed) {
    const { figures } = this;
    figures.answers += 1;
    figures.active += active;
    figures.by[answer] = (figures.by[answer] ?? 0) + 1;
    figures.looked += after;
    figures.changed += changed;
    this.rows.add(row);
    this.dirty = true;
  }

  count(what, by = 1) {
    this.figures[what] += by;
    this.dirty = true;
  }

  keep() {
    if (!this.dirty) return;
    this.dirty = false;
    this.figures.rows = [...this.rows];
    attempt(() => sessionStorage.setItem(this.name, JSON.stringify(this.figures)));
  }

  draw(panel, titles, colours, heading) {
    const { answers, active, by, undone, flagged, looked, changed } = this.figures;
    const minutes = active / 60000;
    const tiles = [
      [answers.toLocaleString(), "answers"],
      [this.rows.size.toLocaleString(), "faces"],
      [minutes < 10 ? minutes.toFixed(1) : Math.round(minutes).toLocaleString(), "active minutes"],
      [minutes > 0.05 ? Math.round(answers / minutes).toLocaleString() : "–", "labels a minute"],
      [undone.toLocaleString(), "undone"],
      [flagged.toLocaleString(), "flagged"],
    ].map(([number, words]) => {
      const tile = make("div", "tile");
      tile.append(make("b", "", number), make("span", "quiet", words));
      return tile;
    });
    const grid = make("div", "tiles");
    grid.append(...tiles);
    const shares = make("dl", "bars");
    const counted = Object.entries(by).sort((one, other) => other[1] - one[1]);
    for (const [answer, count] of counted) {
      shares.append(...bar(titles.get(answer), count / answers, `${Math.round((100 * count) / answers)}%`, colours.get(answer)));
    }
    const told = looked
      ? `Of ${looked.toLocaleString()} answers that you saw again after a look, you changed ${changed.toLocaleString()}.`
      : "You have not looked at any face after an answer.";
    panel.replaceChildren(make("h3", "", heading), grid);
    if (counted.length) panel.append(make("h3", "", "Your answers"), shares);
    panel.append(make("p", "quiet", told));
  }
}

/* A line of a bar chart for a <dl>: name, bar with its value in words. `share`: 0 to 1. */
function bar(name, share, words, colours) {
  const term = make("dt", "", name);
  const value = make("dd");
  const track = make("span", "track");
  const fill = make("i");
  fill.style.width = `${Math.max(share * 100, 0.5)}%`;
  paintClass(value, colours ?? {});
  track.append(fill);
  value.append(track, make("span", "number", words));
  return [term, value];
}
