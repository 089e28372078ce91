#!/usr/bin/env bash
# Fuzzes all targets, or those named, for a duration each. README.md says how to
# read what it prints.
set -euo pipefail

usage() {
	cat <<'END'
usage: campaign.sh [-j jobs] [-p workers] [-t tags] [-c dir] duration [target…]

  duration    of each target, as Go writes it: 20s, 10m, 8h
  -j jobs     targets side by side (1)
  -p workers  processes for each of them (the processors, divided by jobs)
  -t tags     build tags: poison, purego, or both with a comma between
  -c dir      where the corpus is kept (Go's build cache, as go test -fuzz has it)
END
	exit 2
}

jobs=1 workers='' tags='' cache=''
while getopts j:p:t:c: option; do
	case $option in
	j) jobs=$OPTARG ;;
	p) workers=$OPTARG ;;
	t) tags=$OPTARG ;;
	c) cache=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || usage
duration=$1
shift

workers=${workers:-$((($(nproc) + jobs - 1) / jobs))}
cache=$(realpath -m "${cache:-$(go env GOCACHE)/fuzz}")
cd "$(dirname "$0")"
tree=$(realpath ..)
scratch=$(mktemp -d)
stopped=''
stop() { # ends the targets that run; the table says how far they came
	stopped=yes
	cat "$scratch"/*.pid 2>/dev/null | xargs -r kill -INT 2>/dev/null || true
}
trap stop INT TERM
trap 'stop; wait; rm -rf "$scratch"' EXIT

# What is instrumented: our code, and that of the others where they are targets.
# go test -fuzz would instrument every package down to net/http, and clear and read
# the counters of all of them at each execution, which then takes ten times as long.
root=github.com/zerowire/websocket
instrumented=("$root" "$root/codec/..." "$root/pool")
others=(github.com/gorilla/websocket github.com/coder/websocket/... github.com/gobwas/ws/...)

# build dir pattern… makes $scratch/<dir>.test, and lists its targets.
build() {
	local dir=$1 flags=()
	shift
	for p in "$@"; do flags+=("-gcflags=$p=-d=libfuzzer"); done
	(cd "$dir" && go test -c -tags "$tags" "${flags[@]}" -o "$scratch/$(basename "$PWD").test" .)
	"$scratch/$(basename "$(realpath "$dir")").test" -test.list '^Fuzz' | sed "s|^|$dir |"
}

{
	build . "${instrumented[@]}"
	build ../bench/differential "${instrumented[@]}" "${others[@]}"
} >"$scratch/known"

chosen=()
if [ $# -eq 0 ]; then
	mapfile -t chosen <"$scratch/known"
fi
for name in "$@"; do
	line=$(grep -E " $name\$" "$scratch/known") || { echo "no target $name; there are:" && cut -d' ' -f2 "$scratch/known" && exit 2; } >&2
	chosen+=("$line")
done

# fuzz dir target fuzzes one target. Its log is $scratch/<target>.log, its verdict
# $scratch/<target>.rc.
fuzz() {
	local dir=$1 target=$2 corpus rc=0
	cd "$dir"
	corpus=$cache/$root${PWD#"$tree"}
	GODEBUG=fuzzdebug=1 "$scratch/$(basename "$PWD").test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$duration" \
		-test.fuzzminimizetime 2000x -test.fuzzcachedir "$corpus" -test.parallel "$workers" \
		>"$scratch/$target.log" 2>&1 &
	echo $! >"$scratch/$target.pid"
	wait $! || rc=$?
	rm "$scratch/$target.pid"
	# An entry that was no news when this campaign began is none later.
	sed -n "s|.*processed an initial input, id: \($corpus/[^,]*\), new bits: 0,.*|\1|p" "$scratch/$target.log" | xargs -r rm -f
	echo "$rc" >"$scratch/$target.rc"
}

# row target prints what has come of it so far.
row() {
	local last execs='' new='' seconds crash=-
	last=$(grep -E '^fuzz: elapsed: .*execs: ' "$scratch/$1.log" 2>/dev/null | tail -1) || true
	[[ $last =~ execs:\ ([0-9]+).*interesting:\ ([0-9]+) ]] && execs=${BASH_REMATCH[1]} new=${BASH_REMATCH[2]}
	[ ! -f "$scratch/$1.began" ] || seconds=$(($(date +%s) - $(cat "$scratch/$1.began")))
	[ ! -f "$scratch/$1.took" ] || seconds=$(cat "$scratch/$1.took")
	[ "$(cat "$scratch/$1.rc" 2>/dev/null || echo 0)" = 0 ] || crash=CRASH
	printf '%-20s %12s %9s %7s  %s\n' "$1" "${execs:--}" "$((${execs:-0} / (seconds > 0 ? seconds : 1)))" "${new:--}" "$crash"
}

# progress shows where the campaign is: on a terminal in one line, elsewhere by a line
# for each target that is done.
progress() {
	local line target running=() done=0
	for line in "${chosen[@]}"; do
		target=${line#* }
		if [ ! -f "$scratch/$target.began" ]; then
			continue
		elif [ ! -f "$scratch/$target.took" ]; then
			running+=("$(row "$target" | awk '{print $1, $2}')")
		else
			done=$((done + 1))
			[ -t 1 ] || [ -f "$scratch/$target.told" ] || row "$target"
			touch "$scratch/$target.told"
		fi
	done
	[ ! -t 1 ] || printf '\r\033[K%d of %d done; now %s' "$done" "${#chosen[@]}" "$(IFS=,; echo "${running[*]}")"
}

heading() { printf '%-20s %12s %9s %7s  %s\n' target executions 'per s' new crash; }

echo "${#chosen[@]} targets, $duration each, $jobs at a time with $workers workers${tags:+, tags $tags}; corpus in $cache"
[ -t 1 ] || heading
for line in "${chosen[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		progress
		sleep 0.2 || true
	done
	[ -z "$stopped" ] || break
	target=${line#* }
	date +%s >"$scratch/$target.began"
	(fuzz "${line% *}" "$target"; echo $(($(date +%s) - $(cat "$scratch/$target.began"))) >"$scratch/$target.took") &
done
while [ -n "$(jobs -rp)" ]; do
	progress
	sleep 0.2 || true
done
progress
[ ! -t 1 ] || printf '\r\033[K'

failed=0
echo
heading
for line in "${chosen[@]}"; do
	target=${line#* }
	[ -f "$scratch/$target.rc" ] || continue
	row "$target"
	[ "$(cat "$scratch/$target.rc")" = 0 ] || failed=1
done
for line in "${chosen[@]}"; do
	target=${line#* }
	if [ -f "$scratch/$target.rc" ] && [ "$(cat "$scratch/$target.rc")" != 0 ]; then
		printf '\n== %s\n' "$target"
		grep -v ' DEBUG ' "$scratch/$target.log" | tail -60
	fi
done
exit $failed
