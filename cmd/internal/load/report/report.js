"use strict";

// The charts of a result; `charts` holds them by the id of their figure.
const result = JSON.parse(document.getElementById("result").textContent);
const charts = {};

// duration formats µs with three digits.
function duration(us) {
	if (us == null) return "–";
	const [unit, factor] = us < 1e3 ? ["µs", 1] : us < 1e6 ? ["ms", 1e3] : ["s", 1e6];
	return Number((us / factor).toPrecision(3)) + unit;
}

const perSecond = (n) => n == null ? "–" : Math.round(n).toLocaleString("en");

function colour(name) {
	return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

// logTicks returns the powers of ten from low to high, with 2 and 5 times them if
// those are few.
function logTicks(low, high) {
	const steps = high / low > 3000 ? [1] : [1, 2, 5];
	const ticks = [];
	for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
		ticks.push(...steps.map((step) => step * power).filter((tick) => tick >= low && tick <= high));
	}
	return ticks;
}

function axis(more) {
	return {
		stroke: colour("muted"), font: "12px system-ui, sans-serif",
		grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid"), width: 1, size: 4 }, ...more,
	};
}

const latencyAxis = () => axis({ size: 64, splits: (u, i, low, high) => logTicks(low, high), filter: (u, ticks) => ticks, values: (u, ticks) => ticks.map(duration) });
const timeAxis = () => axis({ values: (u, ticks) => ticks.map((v) => v + " s") });

function line(label, name, value, more) {
	return { label, stroke: colour(name), width: 1.6, value: (u, v) => value(v), points: { size: 5, space: 40 }, ...more };
}

// logRange makes room around the values on a logarithmic scale.
function logRange(u, low, high) {
	return low == null ? [1, 1000] : [low / 1.3, high * 1.3];
}

function draw(id, options, data) {
	charts[id]?.destroy();
	const figure = document.getElementById(id);
	const width = () => figure.clientWidth - 20;
	charts[id] = new uPlot({ width: width(), height: 260, ...options, cursor: { drag: { x: true, y: false } } }, data, figure);
	charts[id].fit = () => charts[id].setSize({ width: width(), height: 260 });
}

function drawAll() {
	const all = result.timeline ?? [];
	const points = all.filter((p, i) => i === 0 || p.length_s > all[i - 1].length_s / 2); // a rest says nothing
	const at = points.map((p) => Number((p.start_s + p.length_s).toFixed(3)));
	const series = (of) => points.map((p) => p.messages > 0 ? of(p) : null);
	const seconds = { label: "time", value: (u, v) => v == null ? "–" : v.toFixed(1) + " s" };

	draw("latency", {
		scales: { x: { time: false }, y: { distr: 3, range: logRange } },
		axes: [timeAxis(), latencyAxis()],
		series: [seconds, line("max", "max", duration), line("p99", "p99", duration), line("p90", "p90", duration), line("p50", "p50", duration)],
	}, [at, series((p) => p.max_us), series((p) => p.p99_us), series((p) => p.p90_us), series((p) => p.p50_us)]);

	const open = result.load.rate > 0;
	draw("throughput", {
		scales: { x: { time: false }, y: { range: (u, low, high) => [0, (high || 1) * 1.1] } },
		axes: [timeAxis(), axis({ size: 64, values: (u, ticks) => ticks.map(perSecond) })],
		series: [seconds, line("echoed", "p50", perSecond, { fill: colour("p50") + "22" })]
			.concat(open ? [line("sent", "p90", perSecond, { dash: [6, 4] })] : []),
	}, [at, points.map((p) => p.messages / p.length_s)].concat(open ? [points.map((p) => p.sent / p.length_s)] : []));

	// Each nine of a percentile is as wide as the one before: x = −log10(1 − share).
	const curve = result.latency.curve ?? [];
	const nines = (percent) => -Math.log10(1 - percent / 100);
	const end = curve.length > 0 ? nines(curve.at(-1).percent) : 1;
	const marks = [0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 99.9999, 99.99999, 99.999999, 99.9999999];
	draw("curve", {
		scales: { x: { time: false, range: [0, end] }, y: { distr: 3, range: logRange } },
		axes: [
			axis({
				splits: () => marks.map(nines).filter((x) => x <= end),
				values: (u, ticks) => ticks.map((x, i) => u.width > 560 ? marks[i] + " %" : [0, 75, 95].includes(marks[i]) ? "" : marks[i]),
			}),
			latencyAxis(),
		],
		series: [
			{ label: "percentile", value: (u, x) => x == null ? "–" : Number((100 - 100 * 10 ** -x).toPrecision(7)) + " %" },
			line("latency", "p90", duration),
		],
	}, [curve.map((p) => nines(p.percent)), curve.map((p) => p.us)]);
}

drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
addEventListener("resize", () => Object.values(charts).forEach((chart) => chart.fit()));
