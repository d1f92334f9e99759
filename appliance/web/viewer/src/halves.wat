;; Passes over a slice on its way to the card. Whoever calls (halves.ts) has laid out the memory.
(module
  (memory (export "memory") 1)

  ;; Write for each word from $from up to $end what stands at its place in the table, four at a time.
  (func (export "look") (param $from i32) (param $end i32) (param $table i32) (param $into i32)
    (local $words i64)
    (loop $on
      (local.set $words (i64.load (local.get $from)))
      (i32.store16 (local.get $into) (call $entry (local.get $table) (local.get $words)))
      (i32.store16 offset=2 (local.get $into)
        (call $entry (local.get $table) (i64.shr_u (local.get $words) (i64.const 16))))
      (i32.store16 offset=4 (local.get $into)
        (call $entry (local.get $table) (i64.shr_u (local.get $words) (i64.const 32))))
      (i32.store16 offset=6 (local.get $into)
        (call $entry (local.get $table) (i64.shr_u (local.get $words) (i64.const 48))))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (local.set $into (i32.add (local.get $into) (i32.const 8)))
      (br_if $on (i32.lt_u (local.get $from) (local.get $end)))))

  ;; Raise what stands at $into for each block of eight by eight half floats of a picture to the greatest in it, or one
  ;; beside it: at least eight columns and rows. What stands there is ordered as whole numbers are. $line is room for a row.
  (func (export "raise") (param $from i32) (param $columns i32) (param $rows i32) (param $line i32) (param $into i32)
    (local $down i32)
    (loop $on
      (call $tallest
        (i32.add (local.get $from) (i32.shl (i32.mul (call $first (local.get $down)) (local.get $columns)) (i32.const 1)))
        (i32.sub (call $last (local.get $down) (local.get $rows)) (call $first (local.get $down)))
        (local.get $columns) (local.get $line))
      (local.set $into (call $widest (local.get $line) (local.get $columns) (local.get $into)))
      (local.set $down (i32.add (local.get $down) (i32.const 8)))
      (br_if $on (i32.lt_u (local.get $down) (local.get $rows)))))

  ;; The first line that matters for a block, and the one behind the last.
  (func $first (param $at i32) (result i32)
    (select (i32.sub (local.get $at) (i32.const 1)) (i32.const 0) (local.get $at)))
  (func $last (param $at i32) (param $all i32) (result i32)
    (select (i32.add (local.get $at) (i32.const 9)) (local.get $all)
      (i32.lt_u (i32.add (local.get $at) (i32.const 9)) (local.get $all))))

  ;; Write the greatest of each column of $count rows to $line. Half floats below zero are ordered the wrong way round.
  (func $tallest (param $from i32) (param $count i32) (param $columns i32) (param $line i32)
    (local $most v128) (local $halves v128) (local $at i32) (local $step i32) (local $left i32) (local $row i32) (local $end i32)
    (local.set $step (i32.shl (local.get $columns) (i32.const 1)))
    (local.set $end (i32.sub (local.get $step) (i32.const 16)))
    (loop $across
      (local.set $at (select (local.get $left) (local.get $end) (i32.lt_u (local.get $left) (local.get $end))))
      (local.set $most (v128.const i16x8 -32768 -32768 -32768 -32768 -32768 -32768 -32768 -32768))
      (local.set $row (i32.add (local.get $from) (local.get $at)))
      (local.set $columns (local.get $count))
      (loop $down
        (local.set $halves (v128.load (local.get $row)))
        (local.set $most (i16x8.max_s (local.get $most)
          (v128.xor (local.get $halves) (v128.and (i16x8.shr_s (local.get $halves) (i32.const 15))
            (v128.const i16x8 32767 32767 32767 32767 32767 32767 32767 32767)))))
        (local.set $row (i32.add (local.get $row) (local.get $step)))
        (local.set $columns (i32.sub (local.get $columns) (i32.const 1)))
        (br_if $down (local.get $columns)))
      (v128.store (i32.add (local.get $line) (local.get $at)) (local.get $most))
      (local.set $left (i32.add (local.get $left) (i32.const 16)))
      (br_if $across (i32.lt_u (local.get $left) (local.get $step)))))

  ;; Raise what stands at $into to the greatest of each eight of a line, or one beside them; give the place behind.
  (func $widest (param $line i32) (param $columns i32) (param $into i32) (result i32)
    (local $most v128) (local $at i32) (local $end i32)
    (local.set $end (i32.sub (local.get $columns) (i32.const 8)))
    (loop $on
      (local.set $most (i16x8.max_s
        (v128.load (i32.add (local.get $line) (i32.shl
          (select (call $first (local.get $at)) (local.get $end) (i32.lt_u (local.get $at) (local.get $end))) (i32.const 1))))
        (v128.load (i32.add (local.get $line) (i32.shl
          (i32.sub (call $last (local.get $at) (local.get $columns)) (i32.const 8)) (i32.const 1))))))
      (local.set $most (i16x8.max_s (local.get $most)
        (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $most) (local.get $most))))
      (local.set $most (i16x8.max_s (local.get $most)
        (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $most) (local.get $most))))
      (local.set $most (i16x8.max_s (local.get $most)
        (i8x16.shuffle 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13 (local.get $most) (local.get $most))))
      (local.set $most (i16x8.max_s (local.get $most) (i16x8.splat (i32.load16_s (local.get $into)))))
      (i32.store16 (local.get $into) (i16x8.extract_lane_s 0 (local.get $most)))
      (local.set $into (i32.add (local.get $into) (i32.const 2)))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $on (i32.lt_u (local.get $at) (local.get $columns))))
    (local.get $into))

  (func $entry (param $table i32) (param $words i64) (result i32)
    (i32.load16_u (i32.add (local.get $table)
      (i32.shl (i32.and (i32.wrap_i64 (local.get $words)) (i32.const 65535)) (i32.const 1))))))
