"use strict";
// What pages about vulnerabilities share: columns, details, links to advisories.
J.vulnerabilities = (() => {
  const order = ["critical", "high", "medium", "low", "unknown"];

  // Only what a browser may follow; an address comes from whoever wrote the advisory.
  const link = (text, url) =>
    /^https?:\/\//.test(url ?? "")
      ? J.el("a", { href: url, rel: "noopener noreferrer nofollow", target: "_blank" }, text)
      : J.el("span", {}, text);

  const severity = {
    key: "severity",
    label: "Severity",
    class: "tight",
    value: (row) => order.indexOf(row.severity) * 100 - (row.score ?? 0),
    cell: (row) =>
      J.el("span", { class: `severity severity-${row.severity}` }, row.score === null ? row.severity : `${row.severity} ${row.score.toFixed(1)}`),
  };

  const name = {
    key: "id",
    label: "Vulnerability",
    cell: (row) =>
      J.el(
        "span",
        {},
        link(row.id, row.links[0]),
        row.kev ? J.el("span", { class: "used" }, " known to be used") : null,
        row.aliases.length ? J.el("span", { class: "aliases" }, row.aliases.join(", ")) : null,
      ),
  };

  const titleOf = (row) => (row.package.type === "python" ? row.package.name : row.package.source);
  const versionOf = (row) => (row.package.type === "python" ? row.package.version : row.package.source_version);

  const package_ = {
    key: "package",
    label: "Package",
    value: titleOf,
    cell: (row) => J.el("span", {}, `${titleOf(row)} ${versionOf(row)} `, J.el("span", { class: "tag" }, row.package.type)),
  };

  const fix = {
    key: "fixed_version",
    label: "Fixed in",
    cell: (row) => (row.fixed_version === null ? J.el("span", { class: "muted" }, "no fix yet") : row.fixed_version),
  };

  const pairs = (list) =>
    J.el("dl", {}, ...list.filter(([, value]) => value).flatMap(([label, value]) => [J.el("dt", {}, label), J.el("dd", {}, value)]));

  const lines = (items) => (items.length ? J.el("div", { class: "places" }, ...items.map((item) => J.el("span", {}, item))) : null);

  const detail = (row) =>
    pairs([
      ["What", row.summary],
      ["Rated", row.vector ? `${row.severity_source}: ${row.vector}` : row.severity_source ? `by ${row.severity_source}` : null],
      ["EPSS", row.epss ? `${(100 * row.epss.score).toFixed(1)} % within 30 days, above ${(100 * row.epss.percentile).toFixed(0)} % of all` : null],
      ["Known to be used", row.kev ? `since ${row.kev.added}${row.kev.is_ransomware ? ", by ransomware" : ""}` : null],
      ["From layer", row.layer ? `${row.layer.index} (${row.layer.is_base ? "base image" : "yours"}): ${row.layer.instruction || "no history"}` : null],
      ["Introduced through", lines(row.introduced_through.filter((chain) => chain.length > 1).map((chain) => chain.join(" › ")))],
      ["Installed as", lines(row.packages.map((item) => `${item.name} ${item.version}: ${item.location}${item.owner ? `, part of ${item.owner}, which may have the fix already` : ""}`))],
      ["More", row.links.length > 1 ? J.el("div", { class: "places" }, ...row.links.map((url) => link(url, url))) : null],
    ]);

  const searched = (row) =>
    [row.id, ...row.aliases, row.package.name, row.package.source, ...(row.packages ?? []).map((item) => item.name), row.summary, row.severity].join(" ");

  // Rows with the type of their package, to be chosen by.
  const typed = (rows) => rows.map((row) => ({ ...row, type: row.package.type }));

  const untested = (host, rows) =>
    host &&
    J.table(host, {
      rows,
      noun: ["thing", "things"],
      sort: { key: "what", descending: false },
      page: 15,
      search: (row) => `${row.what} ${row.where} ${row.reason}`,
      columns: [
        { key: "what", label: "What" },
        { key: "where", label: "Where", wide: true },
        { key: "reason", label: "Why not", class: "half" },
      ],
    });

  const findings = (host, rows, more = []) =>
    host &&
    J.table(host, {
      rows: typed(rows),
      noun: ["finding", "findings"],
      sort: { key: "severity", descending: false },
      search: searched,
      facets: [{ key: "severity", label: "Severity", order }, { key: "type", label: "Type" }],
      columns: [severity, name, package_, fix, ...more],
      detail,
    });

  // Shares of a bar, which the page's policy lets no style attribute give.
  for (const part of document.querySelectorAll("[data-grow]")) part.style.flexGrow = part.dataset.grow;
  for (const list of document.querySelectorAll("[role=tablist]")) J.tabs(list);

  return { order, link, severity, name, package: package_, fix, pairs, lines, searched, typed, titleOf, versionOf, untested, findings };
})();
