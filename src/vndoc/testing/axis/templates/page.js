(() => {
  let seen = document.documentElement.dataset.version;
  const refresh = async () => {
    try {
      const answer = await fetch(location.href, { headers: { "If-None-Match": `"${seen}"` }, cache: "no-store" });
      if (answer.status === 200) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        const focused = document.activeElement && document.activeElement.id;
        document.querySelector("main").replaceWith(fresh.querySelector("main"));
        document.querySelector("[role=status]").textContent = fresh.querySelector("[role=status]").textContent;
        seen = fresh.documentElement.dataset.version;
        if (focused && document.getElementById(focused)) document.getElementById(focused).focus();
      }
    } catch { /* the simulator is down: the next round asks again */ }
    setTimeout(refresh, 1500);
  };
  setTimeout(refresh, 1500);
})();
