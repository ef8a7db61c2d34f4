// Keeps the page it is on up to date: when the server says that something has changed, the page is fetched again, and
// what is in elements marked `data-live` is replaced. Everything works without this; then one loads the page again.
"use strict";

(() => {
  const status = document.createElement("p");
  status.id = "connection";
  status.className = "connection";
  status.setAttribute("role", "status");
  document.getElementById("main").prepend(status);

  let fetching = false;
  let again = false;

  // Whether somebody has begun to fill in a form there, or is just writing: that must not be taken away.
  const isTouched = (element) =>
    Array.from(element.querySelectorAll("input, textarea, select")).some((field) => {
      if (field.type === "hidden") return false;
      if (field === document.activeElement && field.matches("input:not([type=checkbox]):not([type=radio]), textarea, select")) return true;
      if (field.matches("select")) return Array.from(field.options).some((option) => option.selected !== option.defaultSelected && field.selectedIndex > 0);
      return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
    });

  // What tells an element from the others of its kind, in the old page and in the new one.
  const nameOf = (element) => {
    if (element.id) return "#" + element.id;
    const action = element.form ? element.form.getAttribute("action") : "";
    return [element.tagName, action, element.getAttribute("href"), element.getAttribute("name"), element.value, element.textContent.trim()].join("|");
  };

  const summaries = (element) =>
    Array.from(element.querySelectorAll("details")).filter((details) => details.open).map((details) => details.querySelector("summary").textContent);

  // A button that is replaced between press and release is not pressed: what comes meanwhile is shown after the release.
  let isPressed = false;
  let isMissed = false;
  for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, () => { isPressed = true; });
  for (const kind of ["pointerup", "pointercancel", "keyup", "blur"]) {
    window.addEventListener(kind, () => {
      isPressed = false;
      if (isMissed) renew();
    });
  }

  const replace = (old, fresh) => {
    if (old.innerHTML === fresh.innerHTML || isTouched(old)) return;
    if (isPressed) { isMissed = true; return; }
    const focused = old.contains(document.activeElement) ? nameOf(document.activeElement) : null;
    const open = new Set(summaries(old));
    const scrolled = Array.from(old.querySelectorAll("pre")).map((element) => element.scrollTop);
    old.replaceChildren(...fresh.childNodes);
    for (const details of old.querySelectorAll("details")) {
      if (open.has(details.querySelector("summary").textContent)) details.open = true;
    }
    old.querySelectorAll("pre").forEach((element, at) => { element.scrollTop = scrolled[at] || 0; });
    if (focused !== null) {
      const same = Array.from(old.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]")).find((element) => nameOf(element) === focused);
      if (same) {
        same.focus({ preventScroll: true });
      } else if (old.isConnected) {
        // What had the focus is gone (a button to stop what has ended): who uses a keyboard stays where they were.
        old.setAttribute("tabindex", "-1");
        old.focus({ preventScroll: true });
      }
    }
  };

  const renew = async () => {
    if (fetching) { again = true; return; }
    fetching = true;
    isMissed = false;
    try {
      const response = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
      if (!response.ok || response.redirected) throw new Error(String(response.status));
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const element of document.querySelectorAll("[data-live]")) {
        const other = element.id && fresh.getElementById(element.id);
        if (other) replace(element, other);
      }
      say("");
    } catch (error) {
      say("This page could not be renewed. It shows how things stood before.");
    } finally {
      fetching = false;
      if (again) { again = false; setTimeout(renew, 1000); }
    }
  };

  const say = (text) => { if (status.textContent !== text) status.textContent = text; };

  let wait = 1000;
  let events = null;
  let later = 0;
  const follow = () => {
    leave();
    // A browser has six connections to a server, for all of its tabs: those that nobody looks at hold none.
    if (document.hidden) return;
    events = new EventSource("/api/events");
    // Something may have changed since the page was made.
    events.addEventListener("open", () => { wait = 1000; renew(); });
    events.addEventListener("change", renew);
    events.addEventListener("error", () => {
      say("The connection is lost. It is tried again; until then this page shows how things stood before.");
      // The browser tries again by itself, unless the server has refused.
      if (events.readyState === EventSource.CLOSED) {
        later = setTimeout(follow, wait);
        wait = Math.min(wait * 2, 60000);
      }
    });
  };
  const leave = () => {
    clearTimeout(later);
    if (events) events.close();
    events = null;
  };
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("pagehide", leave);
  // A page that comes back from the browser's memory has no connection any more.
  window.addEventListener("pageshow", (event) => { if (event.persisted) follow(); });
  follow();
})();
