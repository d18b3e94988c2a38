// Charts, each drawn from the plain values beside it. The one place that knows ECharts: tooltips are drawn on the
// canvas (richText), because the content security policy takes no style of a script's making.

const INK = "#1b211e";
const INK_2 = "#4d5752";
const LINE = "#d9dfdc";
const ACCENT = "#1b6247";
const ACCENT_MID = "#5c9b7d";
const FATAL = "#b3231b";
const FONT = "-apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";

const printed = new Intl.NumberFormat("zh-CN");

function short(value) {
  if (value === null || value === undefined) return "";
  return Math.abs(value) >= 10000 ? `${printed.format(Math.round(value / 1000) / 10)} 万` : printed.format(value);
}

function trend(values) {
  const rest = values.periods.length - values.totals.length;
  const later = new Array(rest).fill(null);
  const falls = new Set(values.falls);
  const series = [
    {
      name: "本期新增",
      type: "bar",
      color: ACCENT_MID,
      barMaxWidth: 36,
      data: [...values.increments, ...later].map((value) => ({
        value,
        itemStyle: value < 0 ? { color: "#fff", borderColor: FATAL, borderWidth: 1.5 } : { color: ACCENT_MID },
      })),
    },
    {
      name: "累计",
      type: "line",
      color: ACCENT,
      symbol: "circle",
      symbolSize: 7,
      lineStyle: { color: ACCENT, width: 2 },
      data: [...values.totals, ...later].map((value, index) => ({
        value,
        symbol: falls.has(index) ? "triangle" : "circle",
        symbolRotate: falls.has(index) ? 180 : 0,
        symbolSize: falls.has(index) ? 12 : 7,
        itemStyle: { color: falls.has(index) ? FATAL : "#fff", borderColor: falls.has(index) ? FATAL : ACCENT, borderWidth: 2 },
      })),
      label: { show: true, position: "top", color: INK, formatter: (point) => short(point.value) },
    },
  ];
  if (values.target) {
    series[1].markLine = {
      symbol: "none",
      silent: true,
      lineStyle: { color: INK_2, type: "dashed" },
      label: { position: "insideStartTop", formatter: `目标 ${short(values.target)}`, color: INK_2 },
      data: [{ yAxis: values.target }],
    };
    series.push({
      name: "时间进度",
      type: "line",
      color: INK_2,
      symbol: "none",
      lineStyle: { color: INK_2, type: "dotted", width: 1 },
      data: values.time,
    });
  }
  return {
    animation: false,
    textStyle: { fontFamily: FONT, color: INK },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      formatter: (points) =>
        [
          `截至 ${points[0].axisValue}`,
          ...points
            .filter((point) => point.value !== null && point.value !== undefined && point.seriesName !== "时间进度")
            .map((point) => `${point.seriesName} ${printed.format(point.value)} ${values.unit}`),
        ].join("\n"),
    },
    legend: { top: 0, right: 8, itemHeight: 10, textStyle: { color: INK_2 } },
    grid: { left: 62, right: 20, top: 34, bottom: 26 },
    xAxis: { type: "category", data: values.periods, axisTick: { show: false }, axisLabel: { color: INK_2 }, axisLine: { lineStyle: { color: INK_2 } } },
    yAxis: { type: "value", axisLabel: { color: INK_2, formatter: short }, splitLine: { lineStyle: { color: LINE } } },
    series,
  };
}

const KINDS = { trend };

/** Draw a chart into `element` from the JSON named by data-values; it follows the element's width. */
async function draw(element) {
  const { init } = await import(element.dataset.echarts);
  const values = JSON.parse(document.getElementById(element.dataset.values).textContent);
  const chart = init(element, null, { renderer: "svg" });
  chart.setOption(KINDS[element.dataset.chart](values));
  new ResizeObserver(() => chart.resize()).observe(element);
  window.addEventListener("beforeprint", () => chart.resize({ width: 640 }));
  window.addEventListener("afterprint", () => chart.resize({ width: "auto" }));
}

for (const element of document.querySelectorAll("[data-chart]")) {
  element.hidden = false;
  draw(element)
    .catch(() => {
      // Whatever keeps the library from loading, the table says the same.
      element.hidden = true;
      element.parentElement.querySelector("details").open = true;
    })
    .finally(() => {
      document.documentElement.dataset.ready = "";
    });
}

for (const button of document.querySelectorAll("[data-full-screen]")) {
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", () => document.documentElement.requestFullscreen());
}
