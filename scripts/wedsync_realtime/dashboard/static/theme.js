// Apply the colours that were chosen before, ahead of the first paint; "" follows the system.
{
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
