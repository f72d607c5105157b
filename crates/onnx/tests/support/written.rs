//! Networks as bytes, written field by field.
#![allow(dead_code, reason = "every test uses some of it")]

/// What ONNX calls the type `float`.
pub const FLOAT: u8 = 1;

/// A field of a protocol buffer that holds text or a message.
pub fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let n = u8::try_from(content.len()).ok();
    let length = match n {
        Some(n) if n < 128 => vec![n],
        _ => {
            vec![u8::try_from(content.len() & 127).unwrap() | 128, u8::try_from(content.len() >> 7).unwrap()]
        }
    };
    [&[number << 3 | 2][..], &length, content].concat()
}

pub fn integer(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

pub fn node(name: &str, operator: &str, inputs: &[&str], output: &str) -> Vec<u8> {
    let mut node: Vec<u8> = inputs.iter().flat_map(|input| field(1, input.as_bytes())).collect();
    node.extend(
        [field(2, output.as_bytes()), field(3, name.as_bytes()), field(4, operator.as_bytes())].concat(),
    );
    field(1, &node)
}

/// A tensor `NCYX` of one channel and this type; sizes that are 0 are open.
pub fn tensor(name: &str, element: u8, batch: u8) -> Vec<u8> {
    let dim = |size: u8| field(1, &if size == 0 { field(2, b"n") } else { integer(1, size) });
    let open = |name: &[u8]| field(1, &field(2, name));
    let shape = [dim(batch), dim(1), open(b"y"), open(b"x")].concat();
    let kind = field(1, &[integer(1, element), field(2, &shape)].concat());
    [field(1, name.as_bytes()), field(2, &kind)].concat()
}

/// A node that changes the type of numbers.
pub fn cast(input: &str, element: u8, output: &str) -> Vec<u8> {
    let kind = [0xa0, 0x01, 2];
    let attribute = [&field(1, b"to")[..], &integer(3, element), &kind].concat();
    let node = [
        field(1, input.as_bytes()),
        field(2, output.as_bytes()),
        field(3, b"cast"),
        field(4, b"Cast"),
        field(5, &attribute),
    ];
    field(1, &node.concat())
}

/// A network of this graph.
pub fn model(graph: &[u8]) -> Vec<u8> {
    [integer(1, 8), field(7, graph), field(8, &integer(2, 17))].concat()
}
