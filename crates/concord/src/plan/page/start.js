// Draws everything, and again whenever the room changes.
const nodeNames = [...new Set(candidates.flatMap((it) => it.nodes))];
byId("about").textContent = plural(candidates.length, "candidate") + (nodeNames.length ? ` over ${plural(nodeNames.length, "node")}: ${some(nodeNames, 12)}` : "");
drawTheme();
drawLegend();
drawSummary();
drawFront();
drawLoad();
drawLatency("read");
drawLatency("write");
drawStaleness();
drawMatrix();
drawStates();
drawClaims();
drawDetails();
changed();
let widthBefore = document.documentElement.clientWidth;
addEventListener("resize", () => {
  if (document.documentElement.clientWidth === widthBefore) return;
  widthBefore = document.documentElement.clientWidth;
  hideTip();
  changed();
});
