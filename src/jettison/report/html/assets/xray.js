"use strict";
// The page of an X-ray: map, layers and tables follow one selection.
(() => {
  const data = J.data;
  const select = J.store({ path: null, package: null, type: null, layer: null });
  const byId = (id) => document.getElementById(id);
  const HUES = [245, 190, 150, 95, 60, 25, 340, 290];
  const TYPE_HUES = { deb: 270, apk: 220, rpm: 30, python: 155 };
  const TYPE_NAMES = { deb: "Debian packages", apk: "Alpine packages", rpm: "RPM packages", python: "Python distributions" };
  const isBelow = (path, top) => top === "/" || path === top || path.startsWith(`${top}/`);

  // ---- the trees ---------------------------------------------------------------------------

  function directoryTree() {
    const nodes = new Map();
    for (const row of data.directories) {
      const name = row.path === "/" ? "/" : row.path.slice(row.path.lastIndexOf("/") + 1);
      const note = J.plural(row.file_count, "file", "files");
      nodes.set(row.path, { name, label: row.path, size: row.size_bytes, children: [], note, path: row.path });
    }
    const root = nodes.get("/");
    if (!root) return null;
    const above = (path) => {
      let here = path;
      do here = here.slice(0, here.lastIndexOf("/")) || "/";
      while (!nodes.has(here));
      return nodes.get(here);
    };
    for (const [path, node] of nodes) if (path !== "/") above(path).children.push(node);
    for (const file of data.files ?? []) {
      const name = file.path.slice(file.path.lastIndexOf("/") + 1);
      const parent = above(file.path);
      parent.children.push({ name, label: file.path, size: file.size_bytes, note: file.owner, path: file.path });
    }
    for (const node of nodes.values()) {
      const known = node.children.reduce((sum, child) => sum + child.size, 0);
      if (node.size > known && node.children.length) {
        node.children.push({ name: "other files", label: `other files in ${node.path}`, size: node.size - known, hue: null, isRest: true });
      }
      node.children.sort((a, b) => b.size - a.size);
      if (!node.children.length) delete node.children;
    }
    return root;
  }

  // From the root to the first directory that is not nearly all of its parent.
  function wayToBranch(root) {
    const way = [root];
    for (;;) {
      const [first] = way.at(-1).children ?? [];
      if (!first?.children || first.size < 0.8 * way.at(-1).size) return way;
      way.push(first);
    }
  }

  // Each part of the branch has a hue, and so has all below it; what stands beside it is grey.
  function colour(way) {
    const give = (node, hue) => {
      node.hue = node.isRest ? null : hue;
      for (const child of node.children ?? []) give(child, hue);
    };
    give(way[0], null);
    for (const [number, child] of (way.at(-1).children ?? []).entries()) give(child, HUES[number] ?? null);
  }

  function packageTree() {
    const groups = new Map();
    for (const row of data.packages) {
      const hue = TYPE_HUES[row.type];
      if (!groups.has(row.type)) groups.set(row.type, { name: TYPE_NAMES[row.type] ?? row.type, size: 0, children: [], hue, type: row.type });
      const group = groups.get(row.type);
      group.size += row.size_bytes;
      const note = `${J.plural(row.file_count, "file", "files")}, layer ${row.layer}`;
      group.children.push({ name: row.title, label: `${row.title} ${row.version}`, size: row.size_bytes, hue, note, package: row });
    }
    const children = [...groups.values()];
    if (data.unowned?.size_bytes) {
      children.push({ name: "nobody's files", label: "Files that no package owns", size: data.unowned.size_bytes, hue: null, unowned: true });
    }
    for (const child of children) child.children?.sort((a, b) => b.size - a.size);
    children.sort((a, b) => b.size - a.size);
    return { name: "all packages", size: children.reduce((sum, child) => sum + child.size, 0), children };
  }

  // ---- cells ---------------------------------------------------------------------------------

  const path = (text) => J.el("code", { class: "path" }, text);
  const muted = (text) => J.el("span", { class: "muted" }, text || "–");
  const most = (rows, key) => rows.reduce((max, row) => Math.max(max, row[key]), 1);

  function sizeColumn(key, label, rows) {
    const max = most(rows, key);
    return {
      key,
      label,
      align: "end",
      cell: (row) => {
        const bar = J.el("span", { class: "bar", "aria-hidden": "true" });
        bar.style.setProperty("--share", row[key] / max);
        return J.el("span", { class: "sized" }, bar, J.el("span", { class: "sized-value" }, J.size(row[key])));
      },
    };
  }

  function layerButton(layer) {
    if (layer === null || layer === undefined) return muted("");
    return J.el(
      "button",
      { type: "button", class: "layer-chip", "aria-label": `Layer ${layer}: show only this layer`, onclick: () => select.set({ layer }) },
      String(layer),
    );
  }

  const layerColumn = { key: "layer", label: "Layer", align: "end", cell: (row) => layerButton(row.layer) };

  // ---- tables --------------------------------------------------------------------------------

  const tables = {};
  const scopeLayer = (layer, of = (row) => row.layer) => ({
    label: `layer ${layer}`,
    test: (row) => of(row) === layer,
    clear: () => select.set({ layer: null }),
    empty: `Nothing of this in layer ${layer}.`,
  });
  const scopePath = (top, what) => ({
    label: top,
    test: (row) => isBelow(row.path, top),
    clear: () => select.set({ path: null, reset: true }),
    empty: what,
  });

  function packagesTable() {
    const rows = data.packages;
    return J.table(byId("table-packages"), {
      rows,
      noun: ["package", "packages"],
      sort: { key: "size_bytes", descending: true },
      search: (row) => `${row.title} ${row.name} ${row.version} ${row.type} ${row.source} ${row.licenses.join(" ")}`,
      facets: [{ key: "type", label: "Type" }],
      total: (row) => row.size_bytes,
      columns: [
        { key: "title", label: "Package", cell: (row) => J.el("strong", {}, row.title) },
        { key: "version", label: "Version", cell: (row) => J.el("code", {}, row.version) },
        { key: "type", label: "Type", cell: (row) => J.el("span", { class: `tag tag-${row.type}` }, row.type) },
        { key: "licenses", label: "Licence", wide: true, value: (row) => row.licenses.join(", "), cell: (row) => muted(row.licenses.join(", ")) },
        { key: "file_count", label: "Files", align: "end", wide: true, cell: (row) => J.count(row.file_count) },
        layerColumn,
        sizeColumn("size_bytes", "Size", rows),
      ],
    });
  }

  function filesTable(id, rows, noun) {
    return J.table(byId(id), {
      rows,
      noun,
      sort: { key: "size_bytes", descending: true },
      search: (row) => `${row.path} ${row.owner}`,
      total: (row) => row.size_bytes,
      columns: [
        { key: "path", label: "Path", class: "grow", cell: (row) => path(row.path) },
        { key: "owner", label: "Package", wide: true, cell: (row) => muted(row.owner) },
        layerColumn,
        sizeColumn("size_bytes", "Size", rows),
      ],
    });
  }

  function directoriesTable() {
    const rows = data.directories;
    return J.table(byId("table-directories"), {
      rows,
      noun: ["directory", "directories"],
      sort: { key: "size_bytes", descending: true },
      search: (row) => row.path,
      columns: [
        { key: "path", label: "Directory", class: "grow", cell: (row) => path(row.path) },
        { key: "file_count", label: "Files", align: "end", cell: (row) => J.count(row.file_count) },
        sizeColumn("size_bytes", "Size, all below", rows),
      ],
    });
  }

  function wasteTable() {
    const rows = data.waste;
    return J.table(byId("table-waste"), {
      rows,
      noun: ["path", "paths"],
      caption: "Paths that several layers store or delete",
      sort: { key: "size_bytes", descending: true },
      search: (row) => row.path,
      total: (row) => row.size_bytes,
      columns: [
        { key: "path", label: "Path", class: "grow", cell: (row) => path(row.path) },
        { key: "layers", label: "Layers", value: (row) => row.layers.length, cell: (row) => row.layers.join(", ") },
        sizeColumn("size_bytes", "Stored in all", rows),
      ],
    });
  }

  function duplicatesTable() {
    const rows = data.duplicates;
    return J.table(byId("table-duplicates"), {
      rows,
      noun: ["content", "contents"],
      caption: "Contents that are stored several times",
      sort: { key: "wasted_bytes", descending: true },
      search: (row) => row.places.map((place) => place.path).join(" "),
      total: (row) => row.wasted_bytes,
      detail: (row) => {
        const left = row.count - row.places.length;
        const places = row.places.map((place) =>
          J.el("li", {}, path(place.path), ` layer ${place.layer}${place.is_visible ? "" : ", hidden by a later one"}`),
        );
        return J.el("ul", { class: "places" }, ...places, left > 0 ? J.el("li", {}, `and ${J.count(left)} more`) : null);
      },
      columns: [
        { key: "path", label: "First place", class: "grow", value: (row) => row.places[0].path, cell: (row) => path(row.places[0].path) },
        { key: "count", label: "Copies", align: "end" },
        { key: "size_bytes", label: "Each", align: "end", wide: true, cell: (row) => J.size(row.size_bytes) },
        sizeColumn("wasted_bytes", "Wasted", rows),
      ],
    });
  }

  function risksTable() {
    const rows = data.risks;
    const order = ["high", "medium", "low", "info"];
    const where = (row) => {
      if (!row.path) return muted("configuration");
      const line = row.line ? `:${row.line}` : "";
      return J.el("span", {}, path(row.path + line), row.is_hidden ? J.el("span", { class: "tag" }, "hidden") : null);
    };
    return J.table(byId("table-risks"), {
      rows,
      noun: ["risk", "risks"],
      sort: { key: "severity", descending: false },
      page: 15,
      search: (row) => `${row.kind} ${row.path} ${row.detail} ${row.owner} ${row.severity}`,
      facets: [{ key: "severity", label: "Severity", order }, { key: "kind", label: "Kind" }],
      columns: [
        { key: "severity", label: "Severity", value: (row) => order.indexOf(row.severity), cell: (row) => J.el("span", { class: `severity severity-${row.severity}` }, row.severity) },
        { key: "kind", label: "Kind", class: "tight", cell: (row) => row.kind.replaceAll("-", " ") },
        { key: "path", label: "Where", class: "half", cell: where },
        { key: "detail", label: "What", class: "half", cell: (row) => J.el("span", { class: "prose" }, row.detail) },
        layerColumn,
      ],
    });
  }

  function layersTable() {
    const rows = data.layers;
    const change = (row, kind) => (row[kind].count ? `${J.count(row[kind].count)}` : "–");
    return J.table(byId("table-layers"), {
      rows,
      noun: ["layer", "layers"],
      sort: { key: "layer", descending: false },
      page: 200,
      search: (row) => row.instruction,
      detail: (row) => {
        if (!row.largest.length) return null;
        const files = row.largest.map((file) => J.el("li", {}, path(file.path), J.el("span", { class: "muted" }, ` ${J.size(file.size_bytes)}`)));
        return J.el("div", {}, J.el("pre", { class: "wrap" }, row.instruction || "no history"), J.el("p", { class: "muted" }, "Largest files"), J.el("ul", { class: "places" }, ...files));
      },
      columns: [
        { key: "layer", label: "Layer", class: "tight", value: (row) => row.index, cell: (row) => layerButton(row.index) },
        { key: "instruction", label: "Instruction", class: "grow", cell: (row) => J.el("code", { class: "clip" }, row.instruction || "no history") },
        { key: "is_base", label: "From", wide: true, value: (row) => (row.is_base ? 0 : 1), cell: (row) => J.el("span", { class: "tag" }, row.is_base ? "base" : "yours") },
        { key: "added", label: "Added", align: "end", wide: true, value: (row) => row.added.count, cell: (row) => change(row, "added") },
        { key: "modified", label: "Changed", align: "end", wide: true, value: (row) => row.modified.count, cell: (row) => change(row, "modified") },
        { key: "deleted", label: "Deleted", align: "end", wide: true, value: (row) => row.deleted.count, cell: (row) => change(row, "deleted") },
        sizeColumn("size_bytes", "Size", rows),
      ],
    });
  }

  // ---- putting it together -------------------------------------------------------------------

  const make = { packages: packagesTable, directories: directoriesTable, waste: wasteTable, duplicates: duplicatesTable, risks: risksTable, layers: layersTable };
  make.files = () => filesTable("table-files", data.files, ["file", "files"]);
  make.unowned = () => filesTable("table-unowned", data.unowned.largest, ["file", "files"]);
  for (const [name, build] of Object.entries(make)) if (byId(`table-${name}`)) tables[name] = build();

  const contents = byId("contents-tabs") ? J.tabs(byId("contents-tabs")) : null;
  const show = (name) => byId(`panel-${name}`) && contents?.show(`panel-${name}`);
  const maps = {};
  let mapTabs = null;

  if (byId("map-directories")) {
    const root = directoryTree();
    const way = wayToBranch(root);
    colour(way);
    maps.directories = J.treemap(byId("map-directories"), {
      title: "image",
      root,
      start: way,
      onopen: (node) => select.set({ path: node.path === "/" ? null : node.path, package: null, type: null }),
      onpick: (node, way) => {
        const top = way.at(-1).path;
        select.set({ path: node?.path ?? (top === "/" ? null : top), package: null, type: null });
      },
    });
  }
  if (byId("map-packages")) {
    maps.packages = J.treemap(byId("map-packages"), {
      title: "all packages",
      root: packageTree(),
      onopen: (node) => select.set({ type: node.type ?? null, package: null, path: null }),
      onpick: (node, way) => {
        if (node?.unowned) show("unowned");
        select.set({ package: node?.package ?? null, type: way.at(-1).type ?? null, path: null });
      },
    });
  }
  if (byId("map-tabs")) mapTabs = J.tabs(byId("map-tabs"));

  select.follow((state, before) => {
    const layer = state.layer === null ? [] : [scopeLayer(state.layer)];
    const top = state.path === null ? [] : [state.path];
    const none = (what) => `None of the ${what} is below ${state.path}.`;
    tables.files?.narrow([...layer, ...top.map((path) => scopePath(path, none("largest files")))]);
    tables.unowned?.narrow([...layer, ...top.map((path) => scopePath(path, none("files without a package")))]);
    tables.directories?.narrow(top.map((path) => scopePath(path, none("directories that hold a noteworthy part"))));
    tables.waste?.narrow(top.map((path) => scopePath(path, none("paths that are stored twice"))));
    tables.risks?.narrow(layer);
    const kind = [];
    if (state.package) {
      const { title, location } = state.package;
      kind.push({ label: title, test: (row) => row.location === location && row.title === title, clear: () => select.set({ package: null }) });
    } else if (state.type) {
      kind.push({ label: TYPE_NAMES[state.type] ?? state.type, test: (row) => row.type === state.type, clear: () => select.set({ type: null, reset: true }) });
    }
    tables.packages?.narrow([...layer, ...kind]);
    if (state.path !== before.path && state.path !== null) show(isDirectory(state.path) && !hasFiles(state.path) ? "directories" : "files");
    if ((state.type !== before.type || state.package !== before.package) && (state.type || state.package)) show("packages");
    if (state.layer !== before.layer) mark(state.layer);
    if (state.reset) {
      for (const map of Object.values(maps)) map.reset();
      select.set({ reset: false });
    }
  });

  const directories = new Set((data.directories ?? []).map((row) => row.path));
  const isDirectory = (path) => directories.has(path);
  const hasFiles = (path) => (data.files ?? []).some((file) => isBelow(file.path, path));

  // The bar of layers and the Dockerfile mark the layer that is looked at.
  function mark(layer) {
    for (const item of document.querySelectorAll("[data-layer]")) {
      const on = layer !== null && Number(item.dataset.layer) === layer;
      item.classList.toggle("on", on);
      if (item.matches("button")) item.setAttribute("aria-pressed", on);
    }
  }
  for (const button of document.querySelectorAll("button[data-layer]")) {
    button.addEventListener("click", () => {
      const layer = Number(button.dataset.layer);
      select.set({ layer: select.get().layer === layer ? null : layer });
    });
  }
  for (const item of document.querySelectorAll("[data-grow]")) item.style.flexGrow = item.dataset.grow;
  for (const item of document.querySelectorAll("[data-rank]")) item.style.setProperty("--rank", item.dataset.rank);
  for (const item of document.querySelectorAll("[data-share]")) item.style.setProperty("--share", item.dataset.share);
  mark(null);
})();
