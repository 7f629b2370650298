// A filter over the operations, and a button that copies an example. The page reads without both.
"use strict";

const filter = document.getElementById("filter");
const articles = [...document.querySelectorAll(".module article")];
// What an example answers isn't looked through: it names much that it isn't about.
const told = (article) => [...article.querySelectorAll("h3, p, dt, .codes")].map((part) => part.textContent);
const texts = new Map(articles.map((article) => [article, told(article).join(" ").toLowerCase()]));

function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const article of articles) {
    article.hidden = !words.every((word) => texts.get(article).includes(word));
    document.querySelector(`nav [data-of="${article.id}"]`).hidden = article.hidden;
  }
  for (const part of document.querySelectorAll("#begin, #rules")) {
    part.hidden = words.length > 0;
  }
  for (const module of document.querySelectorAll(".module")) {
    module.hidden = !module.querySelector("article:not([hidden])");
  }
}
filter.parentElement.hidden = false;
filter.addEventListener("input", show);
// A link may lead to what the filter hides.
window.addEventListener("hashchange", () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.closest("[hidden]")) {
    filter.value = "";
    show();
    target.scrollIntoView();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target !== filter && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    filter.focus();
  }
});

if (matchMedia("(max-width: 56rem)").matches) {
  document.querySelector("nav details").open = false;
}

if (navigator.clipboard) {
  for (const code of document.querySelectorAll("#begin pre code, .example")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    code.before(button);
  }
}
