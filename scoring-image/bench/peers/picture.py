"""What the peers of the race share: from a JPEG to the probabilities of the bundled model, with OpenCV and one thread of ONNX Runtime."""

import cv2
import numpy
import onnxruntime

SIDE = 256
CROP = 224

cv2.setNumThreads(0)


def open_session(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def row_of(jpeg):
    """The shorter side to 256, the centre of 224, (value - 127) / 128; float32 [1, 3, 224, 224]."""
    picture = cv2.imdecode(numpy.frombuffer(jpeg, numpy.uint8), cv2.IMREAD_COLOR)
    height, width = picture.shape[:2]
    scale = SIDE / min(height, width)
    resized = cv2.resize(picture, (int(width * scale), int(height * scale)))
    top = (resized.shape[0] - CROP) // 2
    left = (resized.shape[1] - CROP) // 2
    centre = resized[top : top + CROP, left : left + CROP]
    return cv2.dnn.blobFromImage(centre, 1 / 128, mean=(127, 127, 127), swapRB=True)


def probabilities_of(session, jpeg):
    """float32 [1000]"""
    [logits] = session.run(None, {"images": row_of(jpeg)})
    exponentials = numpy.exp(logits[0] - logits[0].max())
    return exponentials / exponentials.sum()
