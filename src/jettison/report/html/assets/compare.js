"use strict";
// The page of a comparison.
(() => {
  const V = J.vulnerabilities;
  const byId = (id) => document.getElementById(id);
  const order = ["remaining", "unknown", "file-gone", "package-gone", "fixed"];

  const host = byId("table-vulnerabilities");
  if (host) {
    J.table(host, {
      rows: V.typed(J.data.vulnerabilities),
      noun: ["vulnerability", "vulnerabilities"],
      sort: { key: "outcome", descending: false },
      search: (row) => `${V.searched(row)} ${row.outcome} ${row.evidence.map((item) => `${item.package} ${item.reason}`).join(" ")}`,
      facets: [
        { key: "outcome", label: "Outcome", order },
        { key: "severity", label: "Severity", order: V.order },
        { key: "type", label: "Type" },
      ],
      columns: [
        {
          key: "outcome",
          label: "Outcome",
          class: "tight",
          // Of one outcome the worst come first.
          value: (row) => 10_000 * order.indexOf(row.outcome) + V.severity.value(row),
          cell: (row) => J.el("span", { class: `outcome outcome-${row.outcome}` }, row.outcome.replace("-", " ")),
        },
        V.severity,
        V.name,
        V.package,
        { ...V.fix, wide: true },
      ],
      detail: (row) =>
        V.pairs([
          ["What", row.summary],
          ...row.evidence.map((item) => [
            `${item.package} ${item.version}`,
            J.el(
              "span",
              {},
              item.reason,
              item.examples.length ? J.el("div", { class: "places" }, ...item.examples.map((path) => J.el("code", {}, path))) : null,
            ),
          ]),
        ]),
    });
  }
  V.findings(byId("table-added"), J.data.added);
  V.untested(byId("table-untested"), J.data.untested);
})();
