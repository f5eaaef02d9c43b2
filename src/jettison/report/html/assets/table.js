"use strict";
// Tables that sort, filter and narrow. Rows are plain objects; a column says how to read one:
//   key, label   its name in the data and for people
//   value(row)   what it is sorted by; default row[key]
//   cell(row)    a node or text; default the value as text
//   align        "end" for numbers; `wide` hides the column on small screens
// Options: rows, columns, sort {key, descending}, search(row) text to filter by, facets [{key,
// label}], noun [one, many], page (rows shown at first), detail(row) a node or null, empty text.
J.table = (host, options) => {
  const { rows, columns, noun } = options;
  const page = options.page ?? 25;
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const byKey = new Map(columns.map((column) => [column.key, column]));
  const valueOf = (column, row) => (column.value ? column.value(row) : row[column.key]);
  const texts = new Map(rows.map((row) => [row, options.search(row).toLowerCase()]));
  let sort = options.sort;
  let shown = page;
  let words = [];
  let scopes = [];
  const facets = new Map();

  const status = J.el("p", { class: "table-status", role: "status" });
  const chips = J.el("div", { class: "chips" });
  const search = J.el("input", {
    type: "search",
    placeholder: `Filter ${noun[1]}`,
    "aria-label": `Filter ${noun[1]}`,
    spellcheck: "false",
    autocomplete: "off",
    oninput: () => {
      words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      shown = page;
      draw();
    },
  });
  const selects = (options.facets ?? []).map((facet) => {
    const found = [...new Set(rows.map((row) => row[facet.key]))];
    if (found.length < 2) return null;
    const names = facet.order ? facet.order.filter((name) => found.includes(name)) : found.sort();
    const select = J.el(
      "select",
      {
        "aria-label": facet.label,
        onchange: () => {
          if (select.value) facets.set(facet.key, select.value);
          else facets.delete(facet.key);
          shown = page;
          draw();
        },
      },
      J.el("option", { value: "" }, `${facet.label}: all`),
      ...names.map((name) => {
        const count = rows.filter((row) => row[facet.key] === name).length;
        return J.el("option", { value: name }, `${name} (${count})`);
      }),
    );
    return select;
  });
  const heads = columns.map((column) => {
    const button = J.el("button", { type: "button", onclick: () => sortBy(column) }, column.label);
    return J.el("th", { scope: "col", class: classes(column) }, button);
  });
  const body = J.el("tbody");
  const more = J.el("button", {
    type: "button",
    class: "more",
    onclick: () => {
      shown = shown < page * 5 ? shown + page * 2 : Infinity;
      draw();
    },
  });
  host.append(
    J.el("div", { class: "table-tools" }, search, ...selects.filter(Boolean), status),
    chips,
    J.el(
      "table",
      {},
      J.el("caption", { class: "unseen" }, options.caption ?? noun[1]),
      J.el("thead", {}, J.el("tr", {}, ...heads)),
      body,
    ),
    more,
  );

  function classes(column) {
    const found = [column.align === "end" ? "end" : "", column.wide ? "wide" : "", column.class];
    return found.filter(Boolean).join(" ") || null;
  }

  function sortBy(column) {
    const same = sort.key === column.key;
    sort = { key: column.key, descending: same ? !sort.descending : column.align === "end" };
    draw();
  }

  function compare(a, b) {
    const column = byKey.get(sort.key);
    const [x, y] = [valueOf(column, a), valueOf(column, b)];
    if (x === null || y === null || x === undefined || y === undefined) {
      return (x ?? null) === (y ?? null) ? 0 : (x ?? null) === null ? 1 : -1;
    }
    const order = typeof x === "number" ? x - y : collator.compare(x, y);
    return sort.descending ? -order : order;
  }

  function matches(row) {
    for (const [key, value] of facets) if (row[key] !== value) return false;
    for (const scope of scopes) if (!scope.test(row)) return false;
    const text = texts.get(row);
    return words.every((word) => text.includes(word));
  }

  function line(row) {
    const cells = columns.map((column) => {
      const cell = column.cell ? column.cell(row) : String(valueOf(column, row) ?? "");
      return J.el("td", { class: classes(column), "data-label": column.label }, cell);
    });
    const detail = options.detail?.(row);
    if (!detail) return [J.el("tr", {}, ...cells)];
    const below = J.el(
      "tr",
      { class: "detail", hidden: true },
      J.el("td", { colspan: columns.length }, detail),
    );
    const toggle = J.el(
      "button",
      {
        type: "button",
        class: "fold",
        "aria-expanded": "false",
        "aria-label": "Details",
        onclick: () => {
          below.hidden = !below.hidden;
          toggle.setAttribute("aria-expanded", !below.hidden);
        },
      },
      "",
    );
    cells[0].prepend(toggle);
    return [J.el("tr", {}, ...cells), below];
  }

  function draw() {
    for (const [number, column] of columns.entries()) {
      const order = sort.descending ? "descending" : "ascending";
      if (column.key === sort.key) heads[number].setAttribute("aria-sort", order);
      else heads[number].removeAttribute("aria-sort");
    }
    const found = rows.filter(matches);
    const sorted = found.sort(compare);
    body.replaceChildren(...sorted.slice(0, shown).flatMap(line));
    if (found.length === 0) {
      const empty = scopes.map((scope) => scope.empty).find(Boolean) ?? `No ${noun[1]} match.`;
      body.append(
        J.el("tr", { class: "empty" }, J.el("td", { colspan: columns.length }, empty)),
      );
    }
    const all = J.plural(rows.length, noun[0], noun[1]);
    const of = found.length === rows.length ? all : `${J.count(found.length)} of ${all}`;
    const sizes = options.total ? `, ${J.size(found.reduce((sum, row) => sum + options.total(row), 0))}` : "";
    status.textContent = of + sizes;
    more.hidden = found.length <= shown;
    more.textContent = `Show more (${J.count(Math.max(0, found.length - shown))} left)`;
    chips.hidden = scopes.length === 0;
    chips.replaceChildren(
      ...scopes.map((scope) =>
        J.el(
          "button",
          { type: "button", class: "chip", onclick: scope.clear, "aria-label": `Show all again, not only ${scope.label}` },
          J.el("span", { class: "chip-label" }, scope.label),
          J.el("span", { "aria-hidden": "true" }, "×"),
        ),
      ),
    );
  }

  draw();
  return {
    // Scopes narrow the table from outside: {label, test(row), clear(), empty}.
    narrow: (next) => {
      scopes = next;
      shown = page;
      draw();
    },
  };
};
