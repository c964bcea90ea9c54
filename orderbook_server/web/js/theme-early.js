// Before the first picture, and so no module: else a page in the chosen colours would flash in the others.
document.documentElement.dataset.theme = localStorage.getItem("orderbook-theme") ?? "auto";
