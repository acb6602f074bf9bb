// What a page does by itself: totals while a plan is filled in, and news of a run. All of it
// works without this too: forms are sent, and a page can be loaded again.
"use strict";

(function plan() {
  const form = document.getElementById("plan-form");
  if (!form) return;
  const dutch = form.dataset.lang === "nl";
  const shown = (value) => value.toLocaleString(dutch ? "nl-NL" : "en-GB", { maximumFractionDigits: 0 });
  const read = (words) => {
    let plain = words.replace(/[\s€]/g, "");
    plain = dutch ? plain.replaceAll(".", "").replace(",", ".") : plain.replaceAll(",", "");
    const value = Number(plain);
    return Number.isFinite(value) && value > 0 ? value : 0;
  };
  const amounts = Array.from(form.querySelectorAll("input[data-price]"));
  const slider = (input) => form.querySelector(`input[data-for="${input.id}"]`);
  function tell() {
    let total = 0;
    for (const input of amounts) {
      const value = read(input.value);
      total += value;
      const words = document.getElementById(`${input.id}-buys`);
      const count = Math.floor(value / Number(input.dataset.price));
      words.textContent = value ? words.dataset.some.replace("{count}", shown(count)) : words.dataset.none;
      slider(input).value = value;
    }
    const output = document.getElementById("total");
    output.textContent = output.dataset.euro + shown(total);
  }
  for (const input of amounts) {
    const range = slider(input);
    range.hidden = false;
    if (read(input.value) > Number(range.max)) range.max = 2 * read(input.value);
    input.addEventListener("input", tell);
    range.addEventListener("input", () => { input.value = Number(range.value) ? shown(Number(range.value)) : ""; tell(); });
  }
  document.querySelector(".total").hidden = false;
  form.addEventListener("input", () => { document.getElementById("dirty").hidden = false; });
  form.addEventListener("reset", () => setTimeout(() => { tell(); document.getElementById("dirty").hidden = true; }));
  form.addEventListener("submit", () => { document.getElementById("dirty").hidden = true; });
  const faults = document.getElementById("faults");
  if (faults) faults.focus();
  tell();
})();

for (const field of document.querySelectorAll("[data-link]")) {
  field.value = new URL(field.value, window.location.href).href;
  field.addEventListener("focus", () => field.select());
}

(function live() {
  const place = document.getElementById("live");
  if (!place || place.dataset.ended) return;
  let stamp = place.dataset.stamp, misses = 0;
  async function renew() {
    const answer = await fetch(place.dataset.part);
    if (!answer.ok) return;
    const fresh = document.createElement("div");
    fresh.innerHTML = await answer.text();
    const open = Array.from(place.querySelectorAll("details[open][id]"), (one) => one.id);
    for (const id of open) { const one = fresh.querySelector(`#${CSS.escape(id)}`); if (one) one.open = true; }
    // a picture that is there already stays, so that nothing flickers
    for (const image of fresh.querySelectorAll("img")) {
      const old = Array.from(place.querySelectorAll("img")).find((one) => one.getAttribute("src") === image.getAttribute("src"));
      if (old) image.replaceWith(old);
    }
    const focused = document.activeElement && place.contains(document.activeElement) ? document.activeElement : null;
    const again = focused && (focused.closest("details[id]") || focused);
    const status = place.querySelector("[role=status]"), said = fresh.querySelector("[role=status]");
    if (status && said) { status.textContent = said.textContent; status.className = said.className; said.replaceWith(status); }
    place.replaceChildren(...fresh.childNodes);
    if (again && again.id) { const one = document.getElementById(again.id); if (one) (one.querySelector("summary") || one).focus(); }
    else if (focused && focused.tagName === "BUTTON") { const one = place.querySelector("button"); if (one) one.focus(); }
  }
  async function look() {
    try {
      const answer = await fetch(place.dataset.status);
      if (!answer.ok) throw new Error(String(answer.status));
      const news = await answer.json();
      misses = 0;
      document.getElementById("lost").hidden = true;
      if (String(news.stamp) !== stamp) { await renew(); stamp = String(news.stamp); }
      else if (!news.ended) {
        const status = place.querySelector("[role=status]"), bar = document.getElementById("progress");
        if (status && status.textContent !== news.said) status.textContent = news.said;
        if (bar) { bar.max = news.total; bar.value = news.done; }
      }
      if (news.ended && !news.drawing) { await renew(); return; }
    } catch (error) {
      misses += 1;
      if (misses > 2) document.getElementById("lost").hidden = false;
      if (misses > 600) return;
    }
    setTimeout(look, misses ? 2000 : 500);
  }
  look();
})();
