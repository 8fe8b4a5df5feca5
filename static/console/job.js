/* The page of a job: draws itself again until the job has ended. */
export function startJob(box) {
  window.setTimeout(async () => {
    try {
      const answer = await fetch(window.location.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(box.id);
      if (fresh) {
        const busy = box.contains(document.activeElement);
        box.replaceWith(fresh);
        if (busy) fresh.querySelector("button, a")?.focus();
        if (fresh.dataset.poll) startJob(fresh);
        return;
      }
    } catch { /* the network may come back */ }
    startJob(box);
  }, 700);
}
