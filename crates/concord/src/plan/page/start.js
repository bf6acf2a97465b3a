// Draws everything, and again whenever the room changes.
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
