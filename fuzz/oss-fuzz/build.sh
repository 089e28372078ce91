#!/bin/bash -eu
# Builds the fuzz targets as OSS-Fuzz wants them. It runs in its image, in a clone of this
# repository, which it changes.
#
# Those targets are here that need no more of package testing than T.Fatalf: the others run
# in a synctest bubble, which there is only under go test.
targets=(
	FuzzClose FuzzDecoder FuzzDeflate FuzzExtension FuzzHandshake FuzzHeader FuzzInflate
	FuzzMask FuzzOffer FuzzResponse FuzzSequence FuzzUTF8
)
files=(close decoder extension handshake header inflate mask response seeds sequence smuggling utf8)
declare -A dictionary=(
	[FuzzHandshake]=http [FuzzOffer]=http [FuzzResponse]=http [FuzzExtension]=extension
)
tool=github.com/AdamKorcz/go-118-fuzz-build version=v0.0.0-20250520111509-a70c2aa677fa

cd "$SRC/websocket"
export GOWORK=off GOFLAGS="${GOFLAGS:-} -mod=mod"
go install "$tool@$version"
go get "$tool/testing@$version"

# The tool builds no files of tests. The report on coverage, which go test makes, has them.
mkdir libfuzzer
for file in "${files[@]}"; do
	if [ "$SANITIZER" = coverage ]; then
		cp "fuzz/${file}_test.go" libfuzzer
	else
		sed "s#\"testing\"#\"$tool/testing\"#" "fuzz/${file}_test.go" >"libfuzzer/$file.go"
	fi
done

(cd fuzz && go test -c -o "$WORK/fuzz.test" .)
for target in ${TARGETS:-"${targets[@]}"}; do
	compile_native_go_fuzzer github.com/zerowire/websocket/libfuzzer "$target" "$target"
	seeds=$WORK/seeds/$target
	mkdir -p "$seeds"
	(cd fuzz && LIBFUZZER_SEEDS=$seeds "$WORK/fuzz.test" -test.run "^$target\$" >/dev/null)
	zip -qj "$OUT/${target}_seed_corpus.zip" "$seeds"/*
	if [ -n "${dictionary[$target]:-}" ]; then
		cp "fuzz/oss-fuzz/${dictionary[$target]}.dict" "$OUT/$target.dict"
	fi
done
