"use strict";
// The tables of `harden`: vulnerabilities by what became of them, and the remarks of lint.
(() => {
  const data = JSON.parse(document.getElementById("harden-data").textContent);
  const byId = (id) => document.getElementById(id);
  const muted = (text) => J.el("span", { class: "muted" }, text || "–");
  const SEVERITIES = ["critical", "high", "medium", "low", "unknown"];
  const OUTCOMES = ["remaining", "unknown", "file-gone", "package-gone", "fixed"];
  const LEVELS = ["error", "warning", "info"];

  if (byId("table-vulnerabilities")) {
    J.table(byId("table-vulnerabilities"), {
      rows: data.compare.vulnerabilities,
      noun: ["vulnerability", "vulnerabilities"],
      sort: { key: "severity", descending: false },
      search: (row) => [row.id, ...row.aliases, row.package.name, row.summary, row.outcome].join(" "),
      facets: [
        { key: "outcome", label: "Outcome", order: OUTCOMES },
        { key: "severity", label: "Severity", order: SEVERITIES },
      ],
      columns: [
        { key: "severity", label: "Severity", value: (row) => SEVERITIES.indexOf(row.severity), cell: (row) => J.el("span", { class: `tag severity-${row.severity}` }, row.severity) },
        { key: "id", label: "Vulnerability", cell: (row) => J.el("code", {}, row.id) },
        { key: "package", label: "Package", value: (row) => row.package.name, cell: (row) => `${row.package.name} ${row.package.version}` },
        { key: "fixed_version", label: "Fixed in", wide: true, cell: (row) => muted(row.fixed_version) },
        { key: "outcome", label: "Outcome", value: (row) => OUTCOMES.indexOf(row.outcome), cell: (row) => J.el("strong", {}, row.outcome.replace("-", " ")) },
      ],
      detail: (row) => (row.evidence.length ? muted(row.evidence.map((item) => `${item.package}: ${item.reason}`).join("; ")) : null),
    });
  }

  if (byId("table-lint")) {
    J.table(byId("table-lint"), {
      rows: data.lint.findings,
      noun: ["remark", "remarks"],
      sort: { key: "severity", descending: false },
      search: (row) => [row.rule, row.title, row.file, row.message].join(" "),
      facets: [{ key: "severity", label: "Severity", order: LEVELS }],
      columns: [
        { key: "severity", label: "Severity", value: (row) => LEVELS.indexOf(row.severity), cell: (row) => row.severity },
        { key: "rule", label: "Rule", cell: (row) => J.el("code", {}, row.rule) },
        { key: "file", label: "Where", cell: (row) => J.el("code", { class: "path" }, `${row.file}:${row.line}`) },
        { key: "message", label: "What" },
      ],
    });
  }
})();
