"use strict";
// A treemap that is zoomed with a click or Enter and left with Escape. A node of the tree:
//   name, label   the last part and the whole of what it is called
//   size          bytes, everything below it included
//   children      nodes, largest first, or nothing
//   hue           an angle of the colour wheel, or null for grey; `note` a text for its label
// Options: title, root, start (the way from the root to what is shown first), onopen(node, way), onpick(node): a node with, and one without children.
J.treemap = (host, options) => {
  const MOST = 200;
  const LEAST_SHARE = 0.0008;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const start = () => options.start ?? [options.root];
  let way = start();
  let picked = null;

  const crumbs = J.el("nav", { class: "crumbs", "aria-label": "Where you are in the map" });
  const stage = J.el("div", {
    class: "map-stage",
    role: "group",
    "aria-label": `${options.title}: arrow keys move, Enter goes in, Escape goes up`,
    onkeydown: keys,
  });
  const hint = J.el("p", { class: "map-hint" });
  host.append(crumbs, stage, hint);

  // What is too small to be seen stands together in one tile.
  function parts(node) {
    const children = node.children ?? [];
    const large = children.filter(
      (child, number) => number < MOST && child.size >= node.size * LEAST_SHARE,
    );
    const small = children.filter((child) => !large.includes(child));
    if (small.length < 2) return children.filter((child) => child.size > 0);
    const size = small.reduce((sum, child) => sum + child.size, 0);
    const rest = { name: `${J.count(small.length)} smaller`, size, hue: null, isRest: true };
    return size > 0 ? [...large, rest] : large;
  }

  // A node and what is below it, down to where tiles are too small to tell apart.
  function nested(node, depth) {
    const inside = depth > 0 && node.children && !node.isRest ? parts(node) : [];
    const children = inside.map((child) => nested(child, depth - 1));
    return { node, size: node.size, children: children.length ? children : undefined };
  }

  function layout(node, width, height) {
    const tree = d3
      .hierarchy(nested(node, 3))
      .sum((item) => (item.children ? 0 : item.size))
      .sort((a, b) => isRest(a) - isRest(b) || b.value - a.value);
    const side = (item) => (item.depth > 0 && room(item) ? 4 - item.depth : 0);
    return d3
      .treemap()
      .tile(d3.treemapSquarify.ratio(1.3))
      .size([width, height])
      .paddingInner((item) => (item.depth === 0 ? 3 : 1))
      .paddingTop((item) => (item.depth > 0 && room(item) ? 26 - 2 * item.depth : 0))
      .paddingRight(side)
      .paddingBottom(side)
      .paddingLeft(side)
      .round(true)(tree);
  }

  const isRest = (item) => Number(item.data.node?.isRest ?? false);
  // Whether a tile of this depth has room for a heading and parts below it.
  const room = (item) => {
    const least = item.depth === 1 ? 56 : 84;
    return item.x1 - item.x0 > least && item.y1 - item.y0 > least;
  };

  function place(element, item, from) {
    element.style.left = `${item.x0 - (from?.x0 ?? 0)}px`;
    element.style.top = `${item.y0 - (from?.y0 ?? 0)}px`;
    element.style.width = `${item.x1 - item.x0}px`;
    element.style.height = `${item.y1 - item.y0}px`;
  }

  function paint(element, node) {
    if (node.hue === null || node.hue === undefined) element.classList.add("grey");
    else element.style.setProperty("--hue", node.hue);
  }

  function tile(item, number) {
    const { node } = item.data;
    const here = way.at(-1);
    const [width, height] = [item.x1 - item.x0, item.y1 - item.y0];
    const goesIn = Boolean(node.children?.length);
    const does = goesIn ? "go in" : node.isRest ? "not listed one by one" : "show in the table";
    const label = `${node.label ?? node.name}, ${J.size(node.size)}, ${J.percent(node.size, here.size)} of ${here.name}; ${does}`;
    const button = J.el("button", {
      type: "button",
      class: "tile",
      tabindex: number === 0 ? 0 : -1,
      "aria-label": label,
      "aria-disabled": node.isRest ? "true" : null,
      title: `${node.label ?? node.name}\n${J.size(node.size)}${node.note ? `\n${node.note}` : ""}`,
      onclick: () => open(node, item),
      onfocus: () => rove(button),
    });
    if (goesIn) button.classList.add("opens");
    if (node === picked) button.setAttribute("aria-current", "true");
    paint(button, node);
    button.style.setProperty("--rank", Math.min(1, number / 24));
    place(button, item);
    if (width > 40 && height > 18) {
      button.append(J.el("span", { class: "tile-name" }, node.name));
      const tall = height > 44 && width < 150;
      if (width > 150 || (tall && width > 72)) {
        button.append(J.el("span", { class: "tile-size" }, J.size(node.size)));
      }
      if (tall) button.classList.add("tall");
    }
    if (height < 40) button.classList.add("flat");
    inside(button, item);
    return button;
  }

  // Parts are there to be seen; what they are called is read once the tile is opened.
  function inside(element, item) {
    if (!item.children || !room(item)) return;
    const steps = Math.min(12, Math.max(1, item.children.length - 1));
    for (const [rank, below] of item.children.entries()) {
      const [width, height] = [below.x1 - below.x0, below.y1 - below.y0];
      if (width < 2 || height < 2) continue;
      const part = J.el("span", { class: "part", "aria-hidden": "true" });
      if (below.depth === 3) part.classList.add("deep");
      if (below.children && room(below)) part.classList.add("holds");
      paint(part, below.data.node);
      part.style.setProperty("--rank", Math.min(1, rank / steps));
      place(part, below, item);
      if (width > 46 && height > 20) part.append(below.data.node.name);
      inside(part, below);
      element.append(part);
    }
  }

  function rove(tile) {
    for (const other of stage.querySelectorAll(".tile")) other.tabIndex = other === tile ? 0 : -1;
  }

  function draw(from) {
    const here = way.at(-1);
    const [width, height] = [stage.clientWidth, stage.clientHeight];
    if (width === 0) return;
    const tree = layout(here, width, height);
    const tiles = (tree.children ?? []).map(tile);
    const sheet = J.el("div", { class: "map-sheet" }, ...tiles);
    stage.replaceChildren(sheet);
    if (from && !calm.matches) grow(sheet, from, width, height);
    crumbs.replaceChildren(...crumbButtons());
    hint.textContent = here.children?.length
      ? `${J.size(here.size)} in ${J.plural(here.children.length, "part", "parts")}`
      : J.size(here.size);
  }

  // The tile that was opened grows to the whole map, or the map shrinks back into its tile.
  function grow(sheet, from, width, height) {
    const start = `translate(${from.x0}px, ${from.y0}px) scale(${(from.x1 - from.x0) / width}, ${(from.y1 - from.y0) / height})`;
    sheet.animate(
      [
        { transform: start, opacity: 0.2 },
        { transform: "none", opacity: 1 },
      ],
      { duration: 260, easing: "cubic-bezier(.2,.8,.2,1)" },
    );
  }

  function crumbButtons() {
    return way.flatMap((node, number) => {
      const last = number === way.length - 1;
      const name = number === 0 ? options.title : node.name;
      const crumb = last
        ? J.el("span", { "aria-current": "location" }, name)
        : J.el("button", { type: "button", onclick: () => climb(way.length - 1 - number) }, name);
      return number === 0 ? [crumb] : [J.el("span", { class: "sep", "aria-hidden": "true" }, "/"), crumb];
    });
  }

  function open(node, item) {
    if (node.isRest) return;
    if (node.children?.length) {
      way = [...way, node];
      picked = null;
      const keyboard = stage.contains(document.activeElement);
      draw(item);
      if (keyboard) focusFirst();
      options.onopen(node, way);
    } else {
      picked = node === picked ? null : node;
      for (const tile of stage.querySelectorAll(".tile")) tile.removeAttribute("aria-current");
      if (picked && item) document.activeElement?.setAttribute?.("aria-current", "true");
      options.onpick(picked, way);
    }
  }

  function climb(steps) {
    if (way.length === 1 && picked === null) return;
    const left = way.at(-steps) ?? null;
    const keyboard = stage.contains(document.activeElement);
    picked = null;
    way = way.slice(0, Math.max(1, way.length - steps));
    draw();
    if (keyboard) {
      const names = parts(way.at(-1));
      const at = names.indexOf(left);
      (stage.querySelectorAll(".tile")[at] ?? stage.querySelector(".tile"))?.focus();
    }
    options.onopen(way.at(-1), way);
  }

  function focusFirst() {
    stage.querySelector(".tile")?.focus();
  }

  // Arrow keys go to the nearest tile in their direction, as it is seen.
  function keys(event) {
    const tiles = [...stage.querySelectorAll(".tile")];
    const here = document.activeElement;
    if (event.key === "Escape" && (way.length > 1 || picked)) {
      event.preventDefault();
      climb(picked ? 0 : 1);
      return;
    }
    if (!tiles.includes(here)) return;
    if (event.key === "Home" || event.key === "End") {
      event.preventDefault();
      tiles.at(event.key === "Home" ? 0 : -1).focus();
      return;
    }
    const sides = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    const side = sides[event.key];
    if (!side) return;
    event.preventDefault();
    const middle = (box) => [box.left + box.width / 2, box.top + box.height / 2];
    const [x, y] = middle(here.getBoundingClientRect());
    let best = null;
    for (const tile of tiles) {
      const [u, v] = middle(tile.getBoundingClientRect());
      const along = (u - x) * side[0] + (v - y) * side[1];
      if (tile === here || along <= 1) continue;
      const aside = Math.abs((u - x) * side[1]) + Math.abs((v - y) * side[0]);
      const distance = along + 2 * aside;
      if (!best || distance < best.distance) best = { tile, distance };
    }
    best?.tile.focus();
  }

  let drawn = 0;
  new ResizeObserver(() => {
    // A map in a hidden tab has no width, and is drawn when it is shown.
    const width = stage.clientWidth;
    if (width !== 0 && width !== drawn) draw();
    drawn = width;
  }).observe(stage);

  return {
    reset: () => {
      way = start();
      picked = null;
      draw();
    },
  };
};
