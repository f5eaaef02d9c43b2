"use strict";
// The page of a scan.
(() => {
  const V = J.vulnerabilities;
  const byId = (id) => document.getElementById(id);
  const data = J.data;

  const layer = {
    key: "layer",
    label: "Layer",
    wide: true,
    value: (row) => row.layer?.index ?? null,
    cell: (row) => (row.layer ? `${row.layer.index}, ${row.layer.is_base ? "base" : "yours"}` : ""),
  };
  V.findings(byId("table-findings"), data.findings, data.target.digest ? [layer] : []);
  V.findings(byId("table-bundled"), data.bundled);
  V.untested(byId("table-untested"), data.untested);

  const ignored = byId("table-ignored");
  if (ignored) {
    J.table(ignored, {
      rows: V.typed(data.ignored.map((item) => ({ ...item.finding, reason: item.reason, by: item.by, until: item.until }))),
      noun: ["finding", "findings"],
      sort: { key: "severity", descending: false },
      search: (row) => `${V.searched(row)} ${row.reason} ${row.by}`,
      columns: [
        V.severity,
        V.name,
        V.package,
        { key: "reason", label: "Why", class: "half" },
        { key: "by", label: "By", wide: true },
        { key: "until", label: "Until", class: "tight", cell: (row) => row.until ?? "no end" },
      ],
    });
  }

  const host = byId("table-packages");
  if (!host) return;
  const packages = new Map();
  for (const row of data.findings) {
    const key = `${row.package.type} ${row.package.source} ${row.package.source_version}`;
    const found = packages.get(key);
    const fixes = [row.fixed_version ?? "no fix yet"];
    if (!found) packages.set(key, { ...row, type: row.package.type, counts: { [row.severity]: 1 }, total: 1, fixes });
    else {
      found.counts[row.severity] = (found.counts[row.severity] ?? 0) + 1;
      found.total += 1;
      if (!found.fixes.includes(fixes[0])) found.fixes.push(fixes[0]);
      if (V.severity.value(row) < V.severity.value(found)) Object.assign(found, { severity: row.severity, score: row.score });
    }
  }
  const told = (row) => V.order.filter((name) => row.counts[name]).map((name) => `${row.counts[name]} ${name}`).join(", ");
  J.table(host, {
    rows: [...packages.values()],
    noun: ["package", "packages"],
    sort: { key: "severity", descending: false },
    search: (row) => `${row.package.name} ${row.package.source} ${row.packages.map((item) => item.name).join(" ")}`,
    facets: [{ key: "type", label: "Type" }],
    columns: [
      { ...V.severity, label: "Worst" },
      V.package,
      { key: "total", label: "Findings", align: "end" },
      { key: "counts", label: "By severity", value: told, wide: true },
      { key: "fixes", label: "Fixed in", value: (row) => row.fixes.join(" "), cell: (row) => V.lines(row.fixes.slice(0, 4)) },
    ],
  });
})();
