// Imported for its side effect: TensorFlow.js registers no gradients in Node (and not all in bundles) until tfjs-layers is loaded.
import '@tensorflow/tfjs-layers';
