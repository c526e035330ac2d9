// A click on a head sorts: numbers the most first, texts from a; again, the other way round. Empty cells stay last.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const worth = (row, at) => {
    const cell = row.cells[at];
    if (cell.dataset.worth !== undefined) return Number(cell.dataset.worth);
    return cell.textContent === "" ? null : cell.textContent;
  };
  const sort = (at) => {
    const numbers = heads[at].classList.contains("number");
    const before = heads[at].getAttribute("aria-sort");
    const down = before ? before === "ascending" : numbers;
    const rows = [...body.rows].map((row, place) => [worth(row, at), place, row]);
    rows.sort(([a, first], [b, second]) => {
      if (a === null || b === null) return (a === null) - (b === null) || first - second;
      const order = typeof a === "number" && typeof b === "number" ? a - b
        : String(a).localeCompare(String(b), document.documentElement.lang, { numeric: true });
      return (down ? -order : order) || first - second;
    });
    body.append(...rows.map(([, , row]) => row));
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[at].setAttribute("aria-sort", down ? "descending" : "ascending");
  };
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(at));
    head.replaceChildren(button);
  });
  const find = document.createElement("input");
  find.type = "search";
  find.placeholder = document.body.dataset.find;
  find.setAttribute("aria-label", find.placeholder);
  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLocaleLowerCase();
    for (const row of body.rows) row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
  });
  table.parentElement.before(find);
}
