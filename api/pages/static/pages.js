// Comfort only: every page works without this file.
for (const form of document.querySelectorAll("form[data-submits]")) {
  form.addEventListener("change", (event) => {
    if (event.target.tagName === "SELECT") form.requestSubmit();
  });
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  });
}
for (const command of document.querySelectorAll(".command")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  command.append(button);
}
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, summary") || event.altKey || event.ctrlKey || event.metaKey) return;
  document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
});
const here = new URL(location);
if (here.searchParams.has("said")) {
  here.searchParams.delete("said"); // a page that is loaded again does not say it again
  history.replaceState(null, "", here);
}
const atWork = (list) => // somebody types, presses or marks something in it
  list.querySelector("input:focus, select:focus, textarea:focus, :active") ||
  (!getSelection().isCollapsed && list.contains(getSelection().anchorNode));
const ways = (item) => [...(item?.querySelectorAll("a, button, summary") ?? [])];
async function refresh() {
  const shown = document.querySelector("[data-refreshes-s]");
  if (!shown) return;
  if (!document.hidden && !atWork(shown)) {
    try {
      const page = await (await fetch(location.pathname)).text();
      const fresh = new DOMParser().parseFromString(page, "text/html");
      const list = fresh.querySelector(`.${shown.className}`);
      if (list && !atWork(shown)) {
        replace(shown, list);
        document.title = fresh.title;
      }
    } catch {} // the server is away for a moment: what stands there stays
  }
  setTimeout(refresh, 1000 * shown.dataset.refreshesS);
}
function replace(shown, list) {
  const item = shown.contains(document.activeElement) && document.activeElement.closest("li");
  const place = item ? ways(item).indexOf(document.activeElement) : -1;
  const words = document.activeElement.textContent;
  for (const open of shown.querySelectorAll("details[open]")) {
    const again = list.querySelector(`#${CSS.escape(open.id)}`);
    if (again) again.open = true;
  }
  shown.replaceWith(document.adoptNode(list));
  const way = item && ways(document.getElementById(item.id))[place];
  if (way?.textContent === words) way.focus({ preventScroll: true });
}
setTimeout(refresh, 5000);
